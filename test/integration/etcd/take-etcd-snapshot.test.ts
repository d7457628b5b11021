import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

import { grpcEtcdMember } from '../../../agent/adapters/etcd/grpc-etcd-member.ts';
import { takeEtcdSnapshot } from '../../../agent/snapshots/take-etcd-snapshot.ts';
import { systemClock } from '../../../shared/ports/system-clock.ts';
import { mustRun } from '../../fleet/run-program.ts';
import { etcdProgramsOrSayWhy, etcdutlProgram } from '../../support/etcd-programs.ts';
import { startEtcd } from '../../support/etcd-server.ts';

const never = new AbortController().signal;

describe.each(['bookworm', 'trixie'] as const)('a snapshot of etcd of Debian %s', async (suite) => {
  const programs = await etcdProgramsOrSayWhy(suite, `snapshots of etcd of Debian ${suite}`);
  if (programs === null) {
    test('NOT CHECKED: no etcd', ({ skip }) => skip());
    return;
  }
  const etcd = await startEtcd(programs);
  const folder = mkdtempSync(join(tmpdir(), 'farrier-take-'));
  afterAll(async () => {
    await etcd.dispose();
    rmSync(folder, { recursive: true });
  });
  await etcd.fill({ prefix: '/registry/secrets', count: 300, valueBytes: 10_000 });
  const member = grpcEtcdMember(etcd.place, systemClock);

  test('is what etcdctl saves, and etcdutl restores it', async () => {
    const snapshots = join(folder, 'snapshots');
    const progress: number[] = [];
    const before = Date.now();
    const taken = await takeEtcdSnapshot({ member, folder: snapshots, name: 'one.db', maxBytesPerS: null, clock: systemClock, onProgress: ({ takenBytes }) => progress.push(takenBytes) }, never);
    const status = await member.status(never);
    if (!taken.ok || !status.ok) throw new Error(taken.ok ? 'no status' : taken.message);

    const bytes = readFileSync(taken.snapshot.path);
    expect(taken.snapshot).toMatchObject({
      path: join(snapshots, 'one.db'), sealed: null, plain: { sizeBytes: bytes.length, digest: createHash('sha256').update(bytes).digest('hex') },
      revision: 301, clusterId: status.value.clusterId, memberId: status.value.memberId, etcdVersion: status.value.version,
    });
    expect(taken.snapshot.takenUnixMs).toBeGreaterThanOrEqual(before);
    expect([bytes.length % 512, progress.at(-1)]).toEqual([32, bytes.length]);
    expect(createHash('sha256').update(bytes.subarray(0, -32)).digest().equals(bytes.subarray(-32))).toBe(true);
    expect([statSync(taken.snapshot.path).mode & 0o777, statSync(snapshots).mode & 0o777]).toEqual([0o600, 0o700]);
    expect(await readdir(snapshots)).toEqual(['one.db']);

    const etcdutl = await etcdutlProgram();
    const shown = async (path: string) => await mustRun([etcdutl, 'snapshot', 'status', path, '--write-out', 'json']);
    await etcd.ctl('snapshot', 'save', join(folder, 'etcdctl.db'));
    expect(await shown(taken.snapshot.path)).toBe(await shown(join(folder, 'etcdctl.db')));
    // Unlike `status`, this looks at the sha256.
    await mustRun([etcdutl, 'snapshot', 'restore', taken.snapshot.path, '--data-dir', join(folder, 'restored')]);
  });
});
