// npm run prove:powercut: cuts the power of hosts at every boundary and at random instants; what was not fsynced is gone.
import { printBoundaries } from './boundary-table.ts';
import { readProofOptions } from './proof-options.ts';
import { ProofSections } from './proof-sections.ts';
import { rehearse, withStage } from './proof-stage.ts';
import { proveBoundaries, readPaths } from './prove-boundaries.ts';
import { proveCoordinatorPowerCut } from './prove-coordinator.ts';
import { proveRandomInstants } from './prove-random.ts';

const { seed, only, nodes } = await readProofOptions('prove:powercut');
const sections = new ProofSections(only);

await sections.prove('power cut of a node', async () =>
  await withStage({ nodes, mutation: 'halt-at-record', label: 'prove:powercut' }, async (fresh) => {
    const stage = await rehearse(fresh);
    const proved = await proveBoundaries(stage, await readPaths(stage), 'power cut');
    const random = await proveRandomInstants(stage, 'power cut', 2, seed);
    printBoundaries(proved);
    return `${proved.length} boundaries and ${random} random instants, every host fully new or fully old`;
  }),
);

await sections.prove('power cut of the coordinator’s host', async () =>
  await withStage({ nodes, mutation: 'halt-at-record', maxUnavailable: 2, label: 'prove:powercut' }, async (fresh) => {
    await proveCoordinatorPowerCut(await rehearse(fresh), 3, seed);
    return 'every rollout completed within its budget, every host changed once';
  }),
);

// At a boundary the host was synced as a whole just before: a lost journal hurts in the middle of a transaction.
await sections.mustFail('no-journal-fsync', 'power cut of a node', async () =>
  await withStage({ nodes, mutation: 'no-journal-fsync', label: 'prove:powercut' }, async (fresh) => {
    const stage = { ...(await rehearse(fresh)), patienceMs: 30_000 };
    await proveRandomInstants(stage, 'power cut', 3, seed);
    return 'every host fully new or fully old';
  }),
);

process.exitCode = sections.end();
