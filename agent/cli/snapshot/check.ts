import { asVerb, readOptions } from '../read-options.ts';
import type { Verb } from '../verb.ts';
import { followWork } from './follow-work.ts';
import { idIn } from './id-in.ts';
import { tellOutcome } from './tell-outcome.ts';

const HELP = `Usage: farrier-agent snapshot check [--id ID] [--json]

Reads every byte again and holds it against what was written: the sha256, and of one that is not sealed every page too.
One that is found damaged counts as proved no longer. Exit code 1 where one is damaged.

  --id ID  this one; all of them unless given

Example:
  farrier-agent snapshot check`;

export const verb: Verb = (_name, args) =>
  asVerb(async () => {
    const { values } = readOptions(args, { id: { type: 'string' } }, HELP);
    return tellOutcome(await followWork({ kind: 'check', snapshot: idIn(values, HELP) }, values), values);
  });
