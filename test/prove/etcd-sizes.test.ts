import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { checkSnapshot } from '../../agent/snapshots/check-snapshot.ts';
import { mustRun } from '../fleet/run-program.ts';
import { etcdPrograms } from '../support/etcd-programs.ts';
import { type RunningEtcd, startEtcd } from '../support/etcd-server.ts';
import { snapshotStatus } from '../support/snapshot-status.ts';
import type { EtcdSaw } from './etcd-rows.ts';

const TEST_MAX_MS = 15 * 60_000;
/** At 1 GiB; what Node takes for nothing is 45 of them. */
const PEAK_MAX_MIB = 160;

const folder = mkdtempSync(join(tmpdir(), 'farrier-etcd-sizes-'));
const [older, newer] = await Promise.all([etcdPrograms('bookworm'), etcdPrograms('trixie')]);
let etcd: RunningEtcd;
beforeAll(async () => {
  etcd = await startEtcd(newer, { flags: ['--unsafe-no-fsync', '--quota-backend-bytes', String(4 * 2 ** 30)] });
});
afterAll(async () => {
  await etcd.dispose();
  rmSync(folder, { recursive: true });
});

/** How a member grows: each line adds to the one before it. */
const GROWTH = [
  { name: 'empty', grow: async () => undefined, mibAtLeast: 0 },
  { name: 'some MB', grow: () => etcd.fill({ prefix: '/registry/pods/default', count: 5_000, valueBytes: 1_000 }), mibAtLeast: 5 },
  {
    name: '100 MB, a third of it free',
    grow: async () => {
      for (let round = 0; round < 3; round += 1) await etcd.fill({ prefix: '/registry/configmaps/default', count: 3_000, valueBytes: 12_000 });
      const { header } = JSON.parse(await etcd.ctl('del', '--prefix', '/registry/pods/default/1', '-w', 'json')) as { header: { revision: number } };
      await etcd.ctl('compact', '--physical', String(header.revision - 4_000));
    },
    mibAtLeast: 100,
  },
  { name: '1 GB', grow: () => etcd.fill({ prefix: '/registry/secrets', count: 900, valueBytes: 1_000_000 }), mibAtLeast: 900 },
] as const;

test.for(GROWTH)('what is read of a snapshot is what both tools say: $name', { timeout: TEST_MAX_MS }, async ({ name, grow, mibAtLeast }, { task }) => {
  await grow();
  const path = join(folder, `${name.replaceAll(/\W/g, '-')}.db`);
  await etcd.ctl('snapshot', 'save', path);
  const checked = await checkSnapshot(path, { withKvHash: true });
  expect(checked).toMatchObject({ ok: true, size: statSync(path).size });
  if (!checked.ok) return;
  expect(checked.size).toBeGreaterThan(mibAtLeast * 2 ** 20);
  const expected = { hash: checked.hash, revision: checked.revision, totalKey: checked.totalRecords, totalSize: checked.totalSize };
  const [fromNewer, fromOlder] = [await snapshotStatus(newer, path), await snapshotStatus(older, path)];
  const [{ HashKV }] = JSON.parse(await etcd.ctl('endpoint', 'hashkv', '-w', 'json')) as [{ HashKV: { hash: number; compact_revision: number } }];
  const cost = JSON.parse(await mustRun([process.execPath, fileURLToPath(new URL('../bench/snapshot-check.ts', import.meta.url)), path, '--once'], { timeoutMs: TEST_MAX_MS })) as { peakMib: number };
  task.meta.saw = {
    table: 'hash, revision and size, as three programs say',
    rows: [
      { MEMBER: name, PROGRAM: 'Farrier', ...figures(expected), 'KEYS THAT LIVE': checked.totalKey, 'PEAK, MIB': cost.peakMib.toFixed(0) },
      { MEMBER: name, PROGRAM: 'etcdutl 3.5', ...figures(fromNewer), 'KEYS THAT LIVE': '', 'PEAK, MIB': '' },
      { MEMBER: name, PROGRAM: 'etcdctl 3.4', ...figures(fromOlder), 'KEYS THAT LIVE': '', 'PEAK, MIB': '' },
    ],
  } satisfies EtcdSaw;
  expect(fromNewer).toEqual(expected);
  expect(fromOlder).toEqual(expected);
  expect(checked.kvHash).toMatchObject({ hash: HashKV.hash, compactRevision: HashKV.compact_revision });
  expect(cost.peakMib).toBeLessThan(PEAK_MAX_MIB);
});

function figures({ hash, revision, totalKey, totalSize }: Awaited<ReturnType<typeof snapshotStatus>>): Readonly<Record<string, number>> {
  return { HASH: hash, REVISION: revision, RECORDS: totalKey, 'TOTAL SIZE': totalSize };
}
