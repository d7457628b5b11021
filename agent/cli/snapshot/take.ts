import { asVerb, readOptions } from '../read-options.ts';
import type { Verb } from '../verb.ts';
import { followWork } from './follow-work.ts';
import { tellOutcome } from './tell-outcome.ts';

const HELP = `Usage: farrier-agent snapshot take [--prove] [--json]

Takes a snapshot of the datastore on this host: etcd of kubeadm, K3s or RKE2, or the SQLite of K3s. It is sealed for the
recipients in agent.yaml. Then those are deleted that agent.yaml does not keep. It runs in a unit of its own, with idle I/O.

A snapshot of the etcd in K3s or RKE2 is no use without the server token. That is sealed in the record of the snapshot:
farrier-agent snapshot ls --json | jq -r .snapshots[0].token.sealed | base64 -d | age -d -i KEY-FILE

  --prove  restore it at once in a scratch place and compare: takes three times its size there for a while
  --json   print how it ended as JSON

Example:
  farrier-agent snapshot take --prove`;

export const verb: Verb = (_name, args) =>
  asVerb(async () => {
    const { values } = readOptions(args, { prove: { type: 'boolean' } }, HELP);
    return tellOutcome(await followWork({ kind: 'take', prove: values['prove'] === true, recipients: [], cluster: null }, values), values);
  });
