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
