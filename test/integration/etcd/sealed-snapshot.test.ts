import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';

import { grpcEtcdMember } from '../../../agent/adapters/etcd/grpc-etcd-member.ts';
import { openFolder } from '../../../agent/snapshots/catalogue/open-folder.ts';
import { SnapshotCatalogue } from '../../../agent/snapshots/catalogue/snapshot-catalogue.ts';
import { hasRecordedBytes } from '../../../agent/snapshots/catalogue/verify-bytes.ts';
import { checkSnapshot } from '../../../agent/snapshots/check-snapshot.ts';
import { openSnapshot } from '../../../agent/snapshots/open-snapshot.ts';
import { openPlainFileSink } from '../../../agent/snapshots/plain-file-sink.ts';
import { generateIdentity } from '../../../shared/age/age-keys.ts';
import { openSealedFileSink } from '../../../agent/snapshots/sealed/sealed-file-sink.ts';
import { takeEtcdSnapshot, type Taken, type TakeOrder } from '../../../agent/snapshots/take-etcd-snapshot.ts';
import type { SnapshotRecord } from '../../../shared/domain/snapshot.ts';
import { systemClock } from '../../../shared/ports/system-clock.ts';
import { etcdProgramsOrSayWhy } from '../../support/etcd-programs.ts';
import { startEtcd } from '../../support/etcd-server.ts';

const { signal } = new AbortController();
const [mine, other] = [generateIdentity(), generateIdentity()];
const programs = await etcdProgramsOrSayWhy('trixie', 'whether what is sealed of a real etcd can be opened');

if (programs === null) test('a sealed snapshot of etcd: NOT CHECKED, no etcd', ({ skip }) => skip());
else {
  const etcd = await startEtcd(programs);
  afterAll(() => etcd.dispose());
  await etcd.fill({ prefix: '/registry/pods/default', count: 300, valueBytes: 10_000 });
  const member = grpcEtcdMember(etcd.place, systemClock);

  let root: string;
  let catalogue: SnapshotCatalogue;
  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'farrier-sealed-'));
    catalogue = new SnapshotCatalogue(await openFolder(join(root, 'snapshots')));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const take = async (id: string, change: Partial<TakeOrder> = {}): Promise<Taken> =>
    await takeEtcdSnapshot({
      member, folder: join(root, 'snapshots'), name: basename(catalogue.pathOf(id)), maxBytesPerS: null, clock: systemClock,
      openSink: (path, stop) => openSealedFileSink(path, [mine.recipient, other.recipient], stop),
      ...change,
    }, signal);

  const record = (id: string, taken: Taken): SnapshotRecord => {
    if (!taken.ok) throw new Error(taken.message);
    const { plain, sealed, revision, clusterId, memberId, etcdVersion, takenUnixMs } = taken.snapshot;
    return {
      id, cluster: 'prod', datastore: 'etcd', clusterId, member: { id: memberId, name: 'm0' }, revision, liveKeys: null, version: etcdVersion, takenUnixMs, look: null, plain, sealed,
      copies: [{ kind: 'host', node: 'cp-1' }], proof: null,
    };
  };

  /** Opens a sealed one into a plain file beside. */
  const openPlain = async (of: SnapshotRecord, path: string) => {
    const sink = await openPlainFileSink(path, signal);
    const opened = await openSnapshot(createReadStream(catalogue.pathOf(of.id)), of, [mine], sink, signal);
    if (opened.ok) await sink.finish();
    await sink.discard();
    return opened;
  };

  test('a real one is sealed, kept, opened and whole', async () => {
    const taken = record('one', await take('one'));
    await catalogue.put(taken);
    expect(await catalogue.list()).toEqual({ records: [taken], problems: [] });
    expect(await hasRecordedBytes(catalogue.pathOf('one'), taken, signal)).toBe(true);
    expect(taken.sealed?.recipients).toEqual([mine.recipient.fingerprint, other.recipient.fingerprint]);
    const path = join(root, 'plain.db');
    expect(await openPlain(taken, path)).toEqual({ ok: true });
    const checked = await checkSnapshot(path);
    expect(checked).toMatchObject({ ok: true, digest: taken.plain.digest, size: taken.plain.sizeBytes });
    expect(checked.ok && checked.revision).toBeGreaterThanOrEqual(taken.revision);
  });

  test('a byte that changed on the disk lets nothing whole out', async () => {
    const taken = record('one', await take('one'));
    await catalogue.put(taken);
    const file = await open(catalogue.pathOf('one'), 'r+');
    await file.write(Buffer.from([0x55, 0xaa, 0x55]), 0, 3, 10_000);
    await file.close();
    expect(await hasRecordedBytes(catalogue.pathOf('one'), taken, signal)).toBe(false);
    expect(await openPlain(taken, join(root, 'plain.db'))).toMatchObject({ ok: false, code: 'damaged' });
    expect(await readdir(root)).toEqual(['snapshots', 'snapshots.lock']);
  });

  test('a sink that fails in the middle leaves nothing, and the next one is taken', async () => {
    let written = 0;
    const failing: TakeOrder['openSink'] = async (path, stop) => {
      const sink = await openSealedFileSink(path, [mine.recipient], stop);
      return { ...sink, write: async (chunk) => (written++ < 20 ? await sink.write(chunk) : await Promise.reject(Object.assign(new Error('no space'), { code: 'ENOSPC', syscall: 'write' }))) };
    };
    expect(await take('one', { openSink: failing })).toMatchObject({ ok: false, code: 'disk-full' });
    expect(await catalogue.list()).toEqual({ records: [], problems: [] });
    await catalogue.put(record('two', await take('two')));
    expect((await catalogue.list()).problems).toEqual([]);
  });
}
