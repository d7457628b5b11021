import { expect, test } from 'vitest';

import { noDatastoreProof } from '../../../coordinator/adapters/no-datastore-proof.ts';
import { describeDatastoreProof } from '../../support/datastore-proof-cases.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { MemoryDatastoreProof } from '../../support/memory-datastore-proof.ts';

describeDatastoreProof('in memory', async () => {
  const clock = manualClock();
  const proof = new MemoryDatastoreProof(clock);
  return {
    ...{ proof, clusters: ['north', 'south'] as const, nowUnixMs: () => clock.wallUnixMs() },
    write: async (cluster) => proof.write(cluster),
    failNext: async (code) => proof.failNext(code),
  };
});

test('without a prover nothing is ever proved, and it is said why', async () => {
  expect(await noDatastoreProof.prove('north', AbortSignal.timeout(1_000))).toEqual({
    ok: false,
    code: 'no-prover',
    message: 'this version of Farrier makes no snapshots, so nothing can prove that the datastore of north can be brought back',
  });
  expect(await noDatastoreProof.newest('north')).toBeNull();
});
