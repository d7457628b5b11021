import { describe, expect, test } from 'vitest';

import type { DatastoreProof, ProvedSnapshot } from '../../coordinator/ports/datastore-proof.ts';

/** One datastore a cluster, ready and empty. */
export interface ProofBench {
  readonly proof: DatastoreProof;
  readonly clusters: readonly [string, string];
  /** A cluster of which no proof can be made; absent where there is none. */
  readonly unknown?: string;
  nowUnixMs(): number;
  write(cluster: string): Promise<void>;
  /** The next proof of either cluster fails in this way. */
  failNext(code: 'snapshot-failed' | 'restore-failed' | 'mismatch'): Promise<void>;
}

/** What every prover of datastores has to hold. */
export function describeDatastoreProof(name: string, open: () => Promise<ProofBench>): void {
  describe(`a prover of datastores: ${name}`, () => {
    const prove = async ({ proof }: ProofBench, cluster: string): Promise<ProvedSnapshot> => {
      const result = await proof.prove(cluster, AbortSignal.timeout(60_000));
      if (!result.ok) throw new Error(result.message);
      return result.snapshot;
    };

    test('has proved nothing before it was asked to', async () => {
      const { proof, clusters } = await open();
      expect([await proof.newest(clusters[0]), await proof.newest('nobody')]).toEqual([null, null]);
    });

    test('keeps what it proved, for that cluster alone', async () => {
      const bench = await open();
      const [cluster, other] = bench.clusters;
      const before = bench.nowUnixMs();
      const snapshot = await prove(bench, cluster);
      expect(snapshot).toMatchObject({ cluster, digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
      expect(snapshot.takenUnixMs).toBeGreaterThanOrEqual(before);
      expect(snapshot.takenUnixMs).toBeLessThanOrEqual(bench.nowUnixMs());
      expect([await bench.proof.newest(cluster), await bench.proof.newest(other)]).toEqual([snapshot, null]);
    });

    test('can make one of each cluster, and none of one that it does not know', async () => {
      const { proof, clusters, unknown } = await open();
      expect([await proof.obstacle(clusters[0]), await proof.obstacle(clusters[1])]).toEqual(['', '']);
      if (unknown !== undefined) expect(await proof.obstacle(unknown)).not.toBe('');
    });

    test('proves anew what was written since', async () => {
      const bench = await open();
      const [cluster] = bench.clusters;
      const first = await prove(bench, cluster);
      await bench.write(cluster);
      const second = await prove(bench, cluster);
      expect(second.revision).toBeGreaterThan(first.revision);
      expect(second.digest).not.toBe(first.digest);
      expect(await bench.proof.newest(cluster)).toEqual(second);
    });

    test.each(['snapshot-failed', 'restore-failed', 'mismatch'] as const)('that fails with %s says so and keeps what it had', async (code) => {
      const bench = await open();
      const [cluster] = bench.clusters;
      const first = await prove(bench, cluster);
      await bench.write(cluster);
      await bench.failNext(code);
      expect(await bench.proof.prove(cluster, AbortSignal.timeout(60_000))).toMatchObject({ ok: false, code });
      expect(await bench.proof.newest(cluster)).toEqual(first);
      expect((await prove(bench, cluster)).revision).toBeGreaterThan(first.revision);
    });

    test('that is stopped rejects and proved nothing', async () => {
      const { proof, clusters } = await open();
      await expect(proof.prove(clusters[0], AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
      expect(await proof.newest(clusters[0])).toBeNull();
    });
  });
}
