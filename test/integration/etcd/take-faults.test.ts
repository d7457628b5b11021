import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';

import { grpcEtcdMember } from '../../../agent/adapters/etcd/grpc-etcd-member.ts';
import type { EtcdMember, EtcdPlace } from '../../../agent/ports/etcd.ts';
import { takeEtcdSnapshot, type TakeOrder } from '../../../agent/snapshots/take-etcd-snapshot.ts';
import { systemClock } from '../../../shared/ports/system-clock.ts';
import { issueEtcdClient, makeEtcdPki } from '../../support/etcd-pki.ts';
import { etcdProgramsOrSayWhy } from '../../support/etcd-programs.ts';
import { startEtcd } from '../../support/etcd-server.ts';
import { fillDisk } from '../../support/fill-disk.ts';
import { smallDiskOrSayWhy } from '../../support/small-disk.ts';

const never = new AbortController().signal;
/** More than is on its way at once, so that a fault in the middle is one. */
const DATABASE_BYTES = 24_000_000;
/** Slow enough for a fault to come in time. */
const UNHURRIED = 12_000_000;
const RESERVE_BYTES = 64 * 1024 * 1024;
const TAKE_ALONE = fileURLToPath(new URL('../../bench/take-snapshot.ts', import.meta.url));
const programs = await etcdProgramsOrSayWhy('trixie', 'what becomes of a snapshot when something fails');

if (programs === null) test('a snapshot that fails: NOT CHECKED, no etcd', ({ skip }) => skip());
else {
  const etcd = await startEtcd(programs);
  afterAll(() => etcd.dispose());
  await etcd.fill({ prefix: '/registry', count: DATABASE_BYTES / 1_000_000, valueBytes: 1_000_000 });
  const member = grpcEtcdMember(etcd.place, systemClock);
  const at = (change: Partial<EtcdPlace>): EtcdMember => grpcEtcdMember({ ...etcd.place, ...change }, systemClock);

  let folder: string;
  let good: Buffer;
  const take = async (change: Partial<TakeOrder> = {}, signal = never) => await takeEtcdSnapshot({ member, folder, name: 'new.db', maxBytesPerS: null, clock: systemClock, ...change }, signal);
  const takeGood = async (): Promise<void> => {
    expect(await take({ name: 'good.db' })).toMatchObject({ ok: true });
    good = readFileSync(join(folder, 'good.db'));
  };

  beforeEach(async () => {
    folder = join(mkdtempSync(join(tmpdir(), 'farrier-take-')), 'snapshots');
    await takeGood();
  });

  /** Nothing is left of what failed, what was there is untouched, and the member goes on. */
  const expectOnlyGood = async (): Promise<void> => {
    expect(await readdir(folder)).toEqual(['good.db']);
    expect(readFileSync(join(folder, 'good.db')).equals(good)).toBe(true);
    expect(await member.status(never)).toMatchObject({ ok: true });
  };

  afterEach(async () => {
    await expectOnlyGood();
    rmSync(dirname(folder), { recursive: true });
  });

  test.each([
    ['nobody listens', 'unreachable', async () => at({ endpoint: 'https://127.0.0.1:1' })],
    ['our certificate is of another authority', 'client-not-trusted', async () => at(await issueEtcdClient(etcd.pki.folder, 'alien', (await makeEtcdPki(join(etcd.pki.folder, 'other'))).ca))],
    ['our certificate has expired', 'client-certificate-expired', async () => at(await issueEtcdClient(etcd.pki.folder, 'expired', etcd.pki.ca, { days: -1 / 86_400 }))],
    ['the member is of another authority', 'server-not-trusted', async () => at({ caFile: (await makeEtcdPki(join(etcd.pki.folder, 'another'))).caFile })],
    ['a byte differs', 'snapshot-damaged', async () => garbled((blob, index) => (index === 3 ? Buffer.from(blob).fill(7, 100, 101) : blob))],
    ['a part is lost', 'snapshot-damaged', async () => garbled((blob, index) => (index === 3 ? Buffer.alloc(0) : blob))],
    ['the sha256 at its end is lost', 'snapshot-damaged', async () => garbled((blob, _index, remainingBytes) => (remainingBytes === 0 ? blob.subarray(0, -32) : blob))],
  ] as const)('%s: %s', async (_what, code, asked) => {
    const taken = await take({ member: await asked() });
    expect(taken).toMatchObject({ ok: false, code });
    expect(taken.ok ? '' : taken.message).toMatch(/^[^\n]{20,300}$/);
  });

  test('the member is killed in the middle: unreachable', async () => {
    const taken = await take({ maxBytesPerS: UNHURRIED, onProgress: () => void etcd.kill() });
    expect(taken).toMatchObject({ ok: false, code: 'unreachable' });
    await etcd.kill();
    await etcd.restart();
  });

  test('the disk becomes full in the middle: disk-full', async ({ skip }) => {
    const disk = await smallDiskOrSayWhy(RESERVE_BYTES + 4 * DATABASE_BYTES, 'a snapshot on a disk that becomes full');
    if (disk === null) return skip();
    const usual = folder;
    folder = join(disk, 'snapshots');
    await takeGood();
    let filled = false;
    const taken = await take({
      onProgress: () => {
        if (!filled) fillDisk(join(disk, 'ballast'));
        filled = true;
      },
    });
    expect(taken).toMatchObject({ ok: false, code: 'disk-full' });
    expect(taken.ok ? '' : taken.message).toContain('became full');
    await expectOnlyGood();
    // The next one does not even begin.
    const next = await take();
    expect(next).toMatchObject({ ok: false, code: 'disk-full' });
    expect(next.ok ? '' : next.message).toMatch(/needs up to \d+ MB .* lacks \d+ MB/);
    await expectOnlyGood();
    folder = usual;
    await takeGood();
  });

  test('an abort in the middle is its reason', async () => {
    const stop = new AbortController();
    const taking = take({ maxBytesPerS: UNHURRIED, onProgress: () => stop.abort(new Error('enough')) }, stop.signal);
    await expect(taking).rejects.toThrow('enough');
  });

  test('one at a time: the other is refused, and the first goes on', async () => {
    const first = take({ name: 'good.db', maxBytesPerS: UNHURRIED });
    for (; !existsSync(join(folder, 'good.db.part')); await sleep(5));
    expect(await take()).toMatchObject({ ok: false, code: 'snapshot-running' });
    expect(await first).toMatchObject({ ok: true });
    good = readFileSync(join(folder, 'good.db'));
  });

  test('a process that is killed holds nobody up, and what it left is removed', async () => {
    const child = spawn(process.execPath, [TAKE_ALONE, JSON.stringify(etcd.place), folder, 'dead.db', String(UNHURRIED / 10)], { stdio: ['ignore', 'ignore', 'inherit'] });
    const gone = once(child, 'exit');
    for (const until = performance.now() + 20_000; !existsSync(join(folder, 'dead.db.part')); await sleep(20)) if (performance.now() > until) throw new Error('no snapshot was begun');
    expect(await take()).toMatchObject({ ok: false, code: 'snapshot-running' });
    child.kill('SIGKILL');
    await gone;
    expect(await readdir(folder)).toContain('dead.db.part');
    expect(await take({ name: 'good.db' })).toMatchObject({ ok: true });
    good = readFileSync(join(folder, 'good.db'));
  });

  /** The member, whose stream somebody changes on its way. */
  function garbled(change: (blob: Uint8Array, index: number, remainingBytes: number) => Uint8Array): EtcdMember {
    return {
      ...member,
      snapshot: async (pass, signal) => {
        let index = 0;
        return await member.snapshot(async ({ blob, remainingBytes }) => {
          await pass({ blob: change(blob, index, remainingBytes), remainingBytes });
          index += 1;
        }, signal);
      },
    };
  }
}
