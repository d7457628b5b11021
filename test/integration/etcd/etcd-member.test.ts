import { afterAll, describe, expect, test } from 'vitest';

import { grpcEtcdMember } from '../../../agent/adapters/etcd/grpc-etcd-member.ts';
import { openEtcd } from '../../../agent/adapters/etcd/open-etcd.ts';
import type { EtcdAnswer } from '../../../agent/ports/etcd.ts';
import { systemClock } from '../../../shared/ports/system-clock.ts';
import { etcdProgramsOrSayWhy } from '../../support/etcd-programs.ts';
import { type RunningEtcd, startEtcd } from '../../support/etcd-server.ts';

const never = new AbortController().signal;
const KEYS = 40;

describe.each(['bookworm', 'trixie'] as const)('a member of etcd of Debian %s', async (suite) => {
  const programs = await etcdProgramsOrSayWhy(suite, `how etcd of Debian ${suite} is asked`);
  if (programs === null) {
    test('NOT CHECKED: no etcd', ({ skip }) => skip());
    return;
  }
  const etcd = await startEtcd(programs);
  afterAll(() => etcd.dispose());
  await etcd.fill({ prefix: '/registry/pods', count: KEYS, valueBytes: 500 });
  await etcd.fill({ prefix: '/registryx', count: 3, valueBytes: 10 });
  const member = grpcEtcdMember(etcd.place, systemClock);

  test('tells of itself what etcdctl tells of it, with ids of 64 bits', async () => {
    const { header, ...told } = statusOf(await etcd.ctl('endpoint', 'status', '--write-out', 'json'));
    const status = await valueOf(member.status(never));
    expect(status).toMatchObject({ clusterId: header.clusterId, memberId: header.memberId, revision: KEYS + 3 + 1, leaderId: told.leader, version: told.version, dbSizeBytes: told.dbSize, dbQuotaBytes: null, isLearner: false, errors: [] });
    expect(status.dbSizeInUseBytes).toBeLessThanOrEqual(status.dbSizeBytes);
    expect(status.raftAppliedIndex).toBeLessThanOrEqual(status.raftIndex);
    // Of a new cluster they are hashes: most do not fit a number of JavaScript's.
    expect(BigInt(status.memberId).toString()).toBe(status.memberId);
  });

  test('names the members of its cluster as etcdctl does', async () => {
    const told = await etcd.ctl('member', 'list', '--write-out', 'simple');
    const members = await valueOf(member.members(never));
    expect(members.map(({ id, name, peerUrls, clientUrls, isLearner }) => [BigInt(id).toString(16), 'started', name, ...peerUrls, ...clientUrls, isLearner].join(', '))).toEqual(told.trim().split('\n'));
  });

  test('hashes its keys as etcdctl has them hashed, now and at an older revision', async () => {
    const hash = await valueOf(member.hashKv(0, never));
    const told = await etcd.ctl('endpoint', 'hashkv', '--write-out', 'json');
    expect(told).toContain(`"hash":${hash.hash},`);
    expect(told).toContain(`"compact_revision":${hash.compactRevision}`);
    const older = await valueOf(member.hashKv(10, never));
    expect(older).toMatchObject({ revision: 10, compactRevision: hash.compactRevision });
    expect(older.hash).not.toBe(hash.hash);
    expect(await etcd.ctl('endpoint', 'hashkv', '--rev', '10', '--write-out', 'json')).toContain(`"hash":${older.hash},`);
  });

  test('counts and reads keys by what they begin with', async () => {
    const count = (prefix: string) => valueOf(member.keys({ prefix, limit: 0, revision: 0, serializable: true }, never));
    expect(await count('/registry/')).toEqual({ count: KEYS, revision: KEYS + 4, keys: [] });
    expect((await count('')).count).toBe(KEYS + 3);
    const some = await valueOf(member.keys({ prefix: '/registry/pods/1', limit: 2, revision: 0, serializable: false }, never));
    expect(some).toMatchObject({ count: 11 });
    expect(some.keys.map(({ key }) => key.toString())).toEqual(['/registry/pods/1', '/registry/pods/10']);
    expect(some.keys[0]?.value).toHaveLength(500);
    expect((await valueOf(member.keys({ prefix: '/registry/', limit: 0, revision: 11, serializable: true }, never))).count).toBe(10);
  });

  test('streams its database, to the end of the stream and not to the end of what remains', async () => {
    let [size, last] = [0, -1];
    const answer = await member.snapshot(async ({ blob, remainingBytes }) => {
      [size, last] = [size + blob.length, remainingBytes];
    }, never);
    expect(answer).toEqual({ ok: true, value: null });
    expect([size % 512, last]).toEqual([32, 0]);
  });

  test('throws what the taker of its stream throws', async () => {
    await expect(member.snapshot(() => Promise.reject(new Error('no room')), never)).rejects.toThrow('no room');
    expect((await member.status(never)).ok).toBe(true);
  });

  test('an abort ends the stream with its reason', async () => {
    const stop = new AbortController();
    await expect(member.snapshot(async () => stop.abort(new Error('enough')), stop.signal)).rejects.toThrow('enough');
    await expect(member.status(stop.signal)).rejects.toThrow('enough');
  });

  test('says which revisions are gone, and which are not there yet', async () => {
    const size = async () => (await valueOf(member.status(never))).dbSizeInUseBytes;
    const before = await size();
    for (let round = 0; round < 5; round += 1) await etcd.fill({ prefix: '/registry/pods', count: KEYS, valueBytes: 500 });
    const grown = await size();
    const { revision } = await valueOf(member.status(never));
    expect(await member.compact(revision, never)).toEqual({ ok: true, value: null });
    expect(await member.defragment(never)).toEqual({ ok: true, value: null });
    expect(grown).toBeGreaterThan(before);
    expect(await size()).toBeLessThan(grown);
    expect(await member.hashKv(5, never)).toMatchObject({ ok: false, code: 'compacted' });
    expect(await member.compact(5, never)).toMatchObject({ ok: false, code: 'compacted' });
    expect(await member.hashKv(revision + 1000, never)).toMatchObject({ ok: false, code: 'future-revision' });
  });

  test.each([['no-space', 'NOSPACE'], ['corrupt', 'CORRUPT']] as const)('shows the alarm %s, and disarms it', async (alarm, wire) => {
    await etcd.fill({ prefix: '/new', count: 1, valueBytes: 10 });
    const { memberId } = await valueOf(member.status(never));
    await raise(etcd, memberId, wire);
    expect(await member.alarms(never)).toEqual({ ok: true, value: [{ memberId, alarm }] });
    expect((await valueOf(member.status(never))).errors.join()).toContain(wire);
    const { revision } = await valueOf(member.status(never));
    const compacted = await member.compact(revision, never);
    // A member whose data differs changes nothing; one whose quota is used up is mended so.
    if (alarm === 'corrupt') expect(compacted).toMatchObject({ ok: false, code: 'corrupt' });
    else expect(compacted.ok).toBe(true);
    expect(await member.disarm({ memberId, alarm }, never)).toEqual({ ok: true, value: null });
    expect(await member.alarms(never)).toEqual({ ok: true, value: [] });
  });
});

async function valueOf<T>(answer: Promise<EtcdAnswer<T>>): Promise<T> {
  const said = await answer;
  if (!said.ok) throw new Error(`${said.code}: ${said.message}`);
  return said.value;
}

/** As text: JSON.parse would round the ids. */
function statusOf(told: string) {
  const text = (name: string): string => new RegExp(`"${name}":"?([^",}]+)`).exec(told)?.[1] ?? '';
  return { header: { clusterId: text('cluster_id'), memberId: text('member_id') }, leader: text('leader'), version: text('version'), dbSize: Number(text('dbSize')) };
}

/** As the member itself does it when its quota is used up, or its data differs. */
async function raise(etcd: RunningEtcd, memberId: string, alarm: 'NOSPACE' | 'CORRUPT'): Promise<void> {
  const clients = await openEtcd(etcd.place);
  if ('ok' in clients) throw new Error(clients.message);
  await new Promise<void>((resolve, reject) => clients.maintenance.alarm({ action: 'ACTIVATE', memberId, alarm }, (error) => (error === null ? resolve() : reject(error))));
  clients.close();
}
