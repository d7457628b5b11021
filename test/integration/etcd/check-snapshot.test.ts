import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { checkSnapshot } from '../../../agent/snapshots/check-snapshot.ts';
import { mustRun } from '../../fleet/run-program.ts';
import { etcdProgramsOrSayWhy, etcdutlProgram } from '../../support/etcd-programs.ts';
import { type RunningEtcd, startEtcd } from '../../support/etcd-server.ts';
import { snapshotStatus } from '../../support/snapshot-status.ts';
import { walkFile } from '../../support/walk-file.ts';

const TEST_MAX_MS = 120_000;
const folder = mkdtempSync(join(tmpdir(), 'farrier-check-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A line of a member's life, and what its snapshot shows of it. */
const LIFE: readonly { readonly name: string; readonly live: (etcd: RunningEtcd) => Promise<void>; readonly shows: object }[] = [
  { name: 'nothing yet', live: async () => undefined, shows: { totalKey: 0, revision: 0, registry: {}, scheduledCompactRevision: 0 } },
  {
    name: 'a few keys',
    live: async (etcd) => {
      await etcd.ctl('put', '/registry/namespaces/default', 'x');
      await etcd.ctl('put', 'elsewhere', 'y');
    },
    shows: { totalKey: 2, revision: 3, registry: { namespaces: 1 }, elsewhere: 1, newestKey: 'elsewhere' },
  },
  {
    name: 'many keys on several levels of pages, some changed, some deleted',
    live: async (etcd) => {
      await etcd.fill({ prefix: '/registry/pods/default', count: 1_200, valueBytes: 700 });
      await etcd.fill({ prefix: '/registry/pods/default', count: 200, valueBytes: 300 });
      await etcd.fill({ prefix: '/registry/events', count: 400, valueBytes: 64 });
      await etcd.ctl('del', '--prefix', '/registry/events/1');
    },
    shows: { totalKey: 1_491, registry: { events: 289, namespaces: 1, pods: 1_200 } },
  },
  {
    name: 'values that overflow their pages',
    live: (etcd) => etcd.fill({ prefix: '/registry/secrets', count: 4, valueBytes: 1_000_000 }),
    shows: { totalKey: 1_495, newestKey: expect.stringMatching(/^\/registry\/secrets\/\d$/) },
  },
  {
    name: 'leases',
    live: async (etcd) => {
      const [lease = ''] = /[0-9a-f]{16}/.exec(await etcd.ctl('lease', 'grant', '600')) ?? [];
      await etcd.ctl('put', '--lease', lease, '/registry/masterleases/10.0.0.1', 'z');
    },
    shows: { leases: 1, totalKey: 1_496 },
  },
  {
    name: 'a compaction to a tombstone',
    live: async (etcd) => {
      await etcd.ctl('del', 'elsewhere');
      const { header } = JSON.parse(await etcd.ctl('put', '/registry/namespaces/default', 'x', '-w', 'json')) as { header: { revision: number } };
      await etcd.ctl('compact', '--physical', String(header.revision - 1));
    },
    shows: { totalKey: 1_495, elsewhere: 0, validMetaPages: 2 },
  },
  { name: 'its file made small', live: async (etcd) => void (await etcd.ctl('defrag')), shows: { totalKey: 1_495 } },
];

describe.each(['bookworm', 'trixie'] as const)('a snapshot of etcd of Debian %s says what its own tool says, and what the member says, after', async (suite) => {
  const programs = await etcdProgramsOrSayWhy(suite, `snapshots of etcd of Debian ${suite} against its own tools`);
  if (programs === null) {
    test('NOT CHECKED: no etcd', ({ skip }) => skip());
    return;
  }
  let etcd: RunningEtcd;
  beforeAll(async () => {
    etcd = await startEtcd(programs);
  }, TEST_MAX_MS);
  afterAll(() => etcd.dispose());

  test.each(LIFE)('$name', { timeout: TEST_MAX_MS }, async ({ name, live, shows }) => {
    await live(etcd);
    const path = join(folder, `${suite}-${name.replaceAll(' ', '-')}.db`);
    await etcd.ctl('snapshot', 'save', path);
    const [keys, hash] = [await liveKeysOf(etcd), await kvHashOf(etcd)];
    const checked = await checkSnapshot(path, { withKvHash: true });
    expect(checked).toMatchObject({ ok: true, ...shows });
    if (!checked.ok) return;
    const { totalKey, ...status } = await snapshotStatus(programs, path);
    expect({ ...status, totalRecords: totalKey, liveKeys: keys, kvHash: hash }).toEqual({
      hash: checked.hash, revision: checked.revision, totalSize: checked.totalSize, totalRecords: checked.totalRecords, liveKeys: checked.totalKey,
      kvHash: { hash: checked.kvHash?.hash, compactRevision: checked.kvHash?.compactRevision },
    });
    expect(checked.members).toEqual([expect.objectContaining({ name: 'm0', isLearner: false, peerUrls: [expect.stringContaining('127.0.0.1')] })]);
    expect(checked.clusterVersion).toBe(suite === 'bookworm' ? '3.4.0' : '3.5.0');
  });

  test('the end of a restore that raised the revision', { timeout: TEST_MAX_MS }, async () => {
    const path = join(folder, `${suite}-raised.db`);
    await etcd.ctl('snapshot', 'save', path);
    const before = await checkSnapshot(path);
    const database = await restored(path, join(folder, `${suite}-raised`));
    const raised = walkFile(database);
    expect(before.ok).toBe(true);
    expect(raised.revision).toBe(before.ok ? before.revision + 1_000_000 : 0);
    const { totalKey, ...status } = await snapshotStatus(programs, database);
    expect({ ...status, totalRecords: totalKey }).toEqual({ hash: raised.hash, revision: raised.revision, totalSize: raised.totalSize, totalRecords: raised.totalRecords });
  });

  test('sign-in is required', { timeout: TEST_MAX_MS }, async () => {
    await etcd.ctl('user', 'add', 'root:secret');
    await etcd.ctl('role', 'add', 'root');
    await etcd.ctl('user', 'grant-role', 'root', 'root');
    await etcd.ctl('auth', 'enable');
    const path = join(folder, `${suite}-auth.db`);
    await etcd.ctl('--user', 'root:secret', 'snapshot', 'save', path);
    const { totalKey, ...status } = await snapshotStatus(programs, path);
    expect(await checkSnapshot(path)).toMatchObject({ ok: true, authEnabled: true, users: 1, roles: 1, totalRecords: totalKey, ...status });
  });
});

async function liveKeysOf(etcd: RunningEtcd): Promise<number> {
  return (JSON.parse(await etcd.ctl('get', '', '--prefix', '--keys-only', '--limit', '1', '-w', 'json')) as { count?: number }).count ?? 0;
}

async function kvHashOf(etcd: RunningEtcd): Promise<object> {
  const [{ HashKV }] = JSON.parse(await etcd.ctl('endpoint', 'hashkv', '-w', 'json')) as [{ HashKV: { hash: number; compact_revision: number } }];
  return { hash: HashKV.hash, compactRevision: HashKV.compact_revision };
}

/** @returns the database of the restored member. */
async function restored(snapshot: string, dataDir: string): Promise<string> {
  await mustRun([await etcdutlProgram(), 'snapshot', 'restore', snapshot, '--data-dir', dataDir, '--bump-revision', '1000000', '--mark-compacted'], { timeoutMs: TEST_MAX_MS });
  return join(dataDir, 'member/snap/db');
}
