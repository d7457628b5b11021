// npm run prove:crash: kills agents, hosts and the coordinator at every boundary and at random instants, on real hosts.
import { printBoundaries } from './boundary-table.ts';
import { proveDeposedLeader } from './deposed-leader.ts';
import { readProofOptions } from './proof-options.ts';
import { ProofSections } from './proof-sections.ts';
import { rehearse, withStage } from './proof-stage.ts';
import { proveBoundaries, readPaths } from './prove-boundaries.ts';
import { proveCoordinatorCrash, proveRestoreFromBefore, proveRestoreFromMiddle } from './prove-coordinator.ts';
import { proveRandomInstants } from './prove-random.ts';
import { proveSlotKept } from './prove-slot-kept.ts';

const { seed, only, nodes } = await readProofOptions('prove:crash');
const sections = new ProofSections(only);

const AGENTS = 'kill -9 of agent and work unit, crash of the host';
await sections.prove(AGENTS, async () =>
  await withStage({ nodes, mutation: 'halt-at-record', label: 'prove:crash' }, async (fresh) => {
    const stage = await rehearse(fresh);
    const paths = await readPaths(stage);
    const proved = [...(await proveBoundaries(stage, paths, 'kill')), ...(await proveBoundaries(stage, paths, 'crash'))];
    const random = (await proveRandomInstants(stage, 'kill', 1, seed)) + (await proveRandomInstants(stage, 'crash', 1, seed + 1));
    printBoundaries(proved);
    return `${proved.length} boundaries and ${random} random instants, every host fully new or fully old`;
  }),
);

await sections.prove('kill -9 of the coordinator, its store restored from older backups', async () =>
  await withStage({ nodes, mutation: 'halt-at-record', maxUnavailable: 2, label: 'prove:crash' }, async (fresh) => {
    const stage = await rehearse(fresh);
    await proveCoordinatorCrash(stage, 5, seed);
    await proveRestoreFromMiddle(stage);
    await proveRestoreFromBefore(stage);
    return 'every rollout completed within its budget, every host changed once';
  }),
);

const deposed = (mutation: 'halt-at-record' | 'epoch-not-checked') => async (): Promise<string> => {
  await withStage({ nodes: 1, mutation, label: 'prove:crash' }, proveDeposedLeader);
  return 'refused';
};
await sections.prove('commands of a deposed leader', deposed('halt-at-record'));
await sections.mustFail('epoch-not-checked', 'commands of a deposed leader', deposed('epoch-not-checked'));

const slotKept = (coordinatorMutation?: 'slot-returned-on-timeout') => async (): Promise<string> => {
  const options = { nodes: 2, mutation: 'halt-at-record', maxUnavailable: 1, label: 'prove:crash' } as const;
  await withStage({ ...options, ...(coordinatorMutation === undefined ? {} : { coordinatorMutation }) }, async (fresh) => await proveSlotKept(await rehearse(fresh)));
  return 'no other host was touched meanwhile';
};
await sections.prove('a host that stands still in the middle keeps its slot', slotKept());
await sections.mustFail('slot-returned-on-timeout', 'a host that stands still in the middle keeps its slot', slotKept('slot-returned-on-timeout'));

process.exitCode = sections.end();
