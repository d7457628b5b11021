import { asVerb, readOptions } from '../read-options.ts';
import type { Verb } from '../verb.ts';
import { followWork } from './follow-work.ts';
import { tellOutcome } from './tell-outcome.ts';

const HELP = `Usage: farrier-agent snapshot prune [--json]

Deletes the snapshots on this host that \`keep\` in agent.yaml does not keep, as every taking does. Whatever that says, the
newest of all and the newest proved one stay. \`farrier-agent snapshot ls\` shows beforehand why each is kept.

Example:
  farrier-agent snapshot prune`;

export const verb: Verb = (_name, args) =>
  asVerb(async () => {
    const { values } = readOptions(args, {}, HELP);
    return tellOutcome(await followWork({ kind: 'prune' }, values), values);
  });
