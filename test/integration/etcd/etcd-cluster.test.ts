import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';

import { askMembers } from '../../../agent/adapters/etcd/ask-members.ts';
import { grpcEtcdMember } from '../../../agent/adapters/etcd/grpc-etcd-member.ts';
import { lookAtMember } from '../../../agent/etcd/look-at-member.ts';
import { takeEtcdSnapshot } from '../../../agent/snapshots/take-etcd-snapshot.ts';
import type { EtcdLook } from '../../../shared/domain/etcd-look.ts';
import { systemClock } from '../../../shared/ports/system-clock.ts';
import { etcdProgramsOrSayWhy } from '../../support/etcd-programs.ts';
import { type RunningEtcd, startEtcdCluster, startEtcdLearner } from '../../support/etcd-server.ts';

const never = new AbortController().signal;
const WAIT_MAX_MS = 15_000;
const programs = await etcdProgramsOrSayWhy('trixie', 'how three members of etcd are asked');

if (programs === null) test('three members of etcd: NOT CHECKED, no etcd', ({ skip }) => skip());
else {
  // A learner is taken in at once, and a leader missed soon.
  const cluster = await startEtcdCluster(programs, 3, { flags: ['--strict-reconfig-check=false', '--heartbeat-interval', '50', '--election-timeout', '500'] });
  afterAll(() => Promise.all(cluster.map((etcd) => etcd.dispose())));
  const members = cluster.map(({ place }) => grpcEtcdMember(place, systemClock));
  const statuses = async () => await Promise.all(members.map((member) => member.status(never)));
  const findLeader = async () => {
    const all = await statuses();
    const index = all.findIndex((status) => status.ok && status.value.leaderId === status.value.memberId);
    return { index, ids: all.map((status) => (status.ok ? status.value.memberId : '')), leaders: all.map((status) => (status.ok ? status.value.leaderId : null)) };
  };

  test('all name one leader, and hash the same keys to the same', async () => {
    await cluster[0]?.fill({ prefix: '/a', count: 20, valueBytes: 100 });
    const { index, ids, leaders } = await findLeader();
    expect(new Set(leaders)).toEqual(new Set([ids[index]]));
    const listed = await members[1]?.members(never);
    expect(listed).toMatchObject({ ok: true });
    expect(listed?.ok === true ? listed.value.map(({ id }) => id).toSorted() : []).toEqual(ids.toSorted());
    const hashes = await Promise.all(members.map((member) => member.hashKv(21, never)));
    expect(new Set(hashes.map((hash) => JSON.stringify(hash))).size).toBe(1);
  });

  test('only the leader gives its part away', async () => {
    const { index, ids } = await findLeader();
    const other = (index + 1) % 3;
    expect(await members[other]?.moveLeader(ids[other] ?? '', never)).toMatchObject({ ok: false, code: 'not-leader' });
    expect(await members[index]?.moveLeader(ids[other] ?? '', never)).toEqual({ ok: true, value: null });
    expect((await findLeader()).index).toBe(other);
  });

  test('a learner says that it is one, and what it does not do', async () => {
    const learner = await startEtcdLearner(programs, cluster);
    try {
      const member = grpcEtcdMember(learner.place, systemClock);
      const status = await member.status(never);
      expect(status).toMatchObject({ ok: true, value: { isLearner: true } });
      expect(await member.members(never)).toMatchObject({ ok: false, code: 'learner' });
      // It would stream one, though.
      const taken = await takeEtcdSnapshot({ member, folder: join(learner.dataDir, 'snapshots'), name: 'new.db', maxBytesPerS: null, clock: systemClock }, never);
      expect(taken).toMatchObject({ ok: false, code: 'learner', message: expect.stringContaining('voting member') as string });
      const listed = await members[0]?.members(never);
      expect(listed?.ok === true ? listed.value.filter(({ isLearner }) => isLearner).map(({ name }) => name) : []).toEqual(['learner']);
      const look = (of: RunningEtcd): Promise<EtcdLook> => lookAtMember({ ...of.place, runsAs: 'systemd', dataDir: null, quotaBytes: null }, askMembers, null, never);
      const own = await look(learner);
      expect(own).toMatchObject({ trouble: '', isLeader: false, members: [] });
      expect((await look(cluster[0] as RunningEtcd)).members.find(({ id }) => id === own.memberId)).toMatchObject({ isLearner: true, answers: true });
      if (status.ok) await cluster[0]?.ctl('member', 'remove', BigInt(status.value.memberId).toString(16));
    } finally {
      await learner.dispose();
    }
  });

  test('without a quorum one member still tells of itself, and says why it can tell no more', async () => {
    await Promise.all([cluster[1]?.kill(), cluster[2]?.kill()]);
    const alone = members[0];
    for (const until = performance.now() + WAIT_MAX_MS; performance.now() < until; await sleep(200)) {
      const status = await alone?.status(never);
      if (status?.ok === true && status.value.leaderId === null) break;
    }
    expect(await alone?.status(never)).toMatchObject({ ok: true, value: { leaderId: null } });
    const asked = await alone?.members(never);
    expect(asked).toMatchObject({ ok: false });
    expect(['no-leader', 'time-out']).toContain(asked?.ok === false ? asked.code : '');
    expect(await alone?.keys({ prefix: '/a', limit: 0, revision: 0, serializable: true }, never)).toMatchObject({ ok: true, value: { count: 20 } });
    expect(await members[1]?.status(never)).toMatchObject({ ok: false, code: 'unreachable' });
  });
}
