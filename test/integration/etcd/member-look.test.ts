import { afterAll, describe, expect, test } from 'vitest';

import { askMembersAgain } from '../../../agent/adapters/etcd/ask-members.ts';
import { lookAtMember } from '../../../agent/etcd/look-at-member.ts';
import type { EtcdLook } from '../../../shared/domain/etcd-look.ts';
import { etcdProgramsOrSayWhy } from '../../support/etcd-programs.ts';
import { type RunningEtcd, startEtcdCluster } from '../../support/etcd-server.ts';

const never = new AbortController().signal;

describe.each(['bookworm', 'trixie'] as const)('what is seen of a member of etcd of Debian %s', async (suite) => {
  const programs = await etcdProgramsOrSayWhy(suite, `what is seen of a member of etcd of Debian ${suite}`);
  if (programs === null) {
    test('NOT CHECKED: no etcd', ({ skip }) => skip());
    return;
  }
  const cluster = await startEtcdCluster(programs, 3);
  afterAll(() => Promise.all(cluster.map((member) => member.dispose())));
  // As the agent asks: on connections that it keeps.
  const ask = askMembersAgain();
  const look = (of: RunningEtcd | undefined, before: EtcdLook | null = null): Promise<EtcdLook> =>
    lookAtMember({ ...of!.place, runsAs: 'systemd', dataDir: null, quotaBytes: null }, ask, before, never);

  test('one leads, all name the same three, and each of them answers', async () => {
    const looks = await Promise.all(cluster.map((member) => look(member)));
    expect(looks.map(({ trouble }) => trouble)).toEqual(['', '', '']);
    expect(looks.filter(({ isLeader }) => isLeader)).toHaveLength(1);
    expect(new Set(looks.map(({ clusterId }) => clusterId)).size).toBe(1);
    for (const { members } of looks) expect(members.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual(looks.map(({ memberId }, index) => ({ id: memberId, name: `m${index}`, isLearner: false, answers: true })));
    const minor = suite === 'bookworm' ? '3.4' : '3.5';
    await expect.poll(async () => (await look(cluster[0])).clusterVersion, { timeout: 20_000 }).toBe(minor);
    expect(looks[0]?.version?.startsWith(`${minor}.`)).toBe(true);
  });

  test('a little growth is no news', async () => {
    const before = await look(cluster[0]);
    await cluster[0]?.fill({ prefix: '/few', count: 3, valueBytes: 20 });
    expect(await look(cluster[0])).toEqual(before);
  });

  test('one that is killed answers nobody, and its own agent remembers who it was; without a quorum nobody is counted on', async () => {
    const before = await look(cluster[2]);
    await cluster[2]?.kill();
    // It may have led: until another one does nobody lists anybody.
    await expect.poll(async () => (await look(cluster[0])).members.filter(({ answers }) => !answers).map(({ id }) => id), { timeout: 20_000 }).toEqual([before.memberId]);
    expect(await look(cluster[2], before)).toEqual({ ...before, isLeader: false, trouble: 'unreachable' });
    expect(await look(cluster[2])).toMatchObject({ trouble: 'unreachable', clusterId: '', memberId: '' });
    await cluster[1]?.kill();
    await expect.poll(async () => (await look(cluster[0])).trouble, { timeout: 20_000 }).toBe('no-leader');
    await Promise.all([cluster[1]?.restart(), cluster[2]?.restart()]);
    await expect.poll(async () => (await Promise.all(cluster.map((member) => look(member)))).every(({ trouble, members }) => trouble === '' && members.every(({ answers }) => answers)), { timeout: 30_000 }).toBe(true);
    expect((await look(cluster[2])).memberId).toBe(before.memberId);
  });
});
