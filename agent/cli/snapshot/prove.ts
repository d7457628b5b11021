import { resolve } from 'node:path';

import { asVerb, readOptions } from '../read-options.ts';
import type { Verb } from '../verb.ts';
import { followWork } from './follow-work.ts';
import { idIn } from './id-in.ts';
import { tellOutcome } from './tell-outcome.ts';

const HELP = `Usage: farrier-agent snapshot prove [--id ID] [--identity FILE] [--json]

Restores a snapshot in the scratch folder, starts etcd on it where nobody reaches it, and compares what it says with what
was taken. It needs etcd and etcdutl of the snapshot's minor in toolsFolder; the SQLite of K3s needs neither.

  --id ID          this one; the newest unless given
  --identity FILE  keys as age-keygen writes them, for one that is sealed; put the file away again afterwards

Example:
  farrier-agent snapshot prove --identity /media/stick/key.txt`;

export const verb: Verb = (_name, args) =>
  asVerb(async () => {
    const { values } = readOptions(args, { id: { type: 'string' }, identity: { type: 'string' } }, HELP);
    const identity = values['identity'];
    return tellOutcome(await followWork({ kind: 'prove', snapshot: idIn(values, HELP), identityFile: identity === undefined ? null : resolve(String(identity)) }, values), values);
  });
