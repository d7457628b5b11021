import { afterAll, describe, expect, test } from 'vitest';

import { askMembers } from '../../../agent/adapters/etcd/ask-members.ts';
import type { AskMembers } from '../../../agent/etcd/look-at-member.ts';
import type { EtcdStatus } from '../../../agent/ports/etcd.ts';
import { etcdDefragmentStep } from '../../../agent/steps/etcd/etcd-defragment.ts';
import { etcdDisarmStep } from '../../../agent/steps/etcd/etcd-disarm.ts';
import type { MaintenanceParts } from '../../../agent/steps/etcd/member-here.ts';
import type { StepExecutor, StepResult } from '../../../agent/steps/step.ts';
import type { EtcdDefragmentSpec, EtcdDisarmSpec } from '../../../shared/domain/steps/etcd-spec.ts';
import { EtcdLab } from '../../support/etcd-lab.ts';
import { etcdProgramsOrSayWhy } from '../../support/etcd-programs.ts';
import { startEtcdCluster } from '../../support/etcd-server.ts';

const never = new AbortController().signal;
const QUOTA_BYTES = 24 * 2 ** 20;
const MEMBERS = [0, 1, 2];

const DEFRAGMENT: EtcdDefragmentSpec = { kind: 'etcd_defragment', name: 'etcd-defragment', timeoutMs: 60_000, fromFragmentedPercent: 45, fromQuotaPercent: 100 };
const DISARM: EtcdDisarmSpec = { kind: 'etcd_disarm', name: 'etcd-disarm', timeoutMs: 60_000, keepRevisions: 2 };

describe.each(['bookworm', 'trixie'] as const)('three members of etcd of Debian %s, in need of space', async (suite) => {
  const programs = await etcdProgramsOrSayWhy(suite, `how etcd of Debian ${suite} is given space`);
  if (programs === null) {
    test('NOT CHECKED: no etcd', ({ skip }) => skip());
    return;
  }
  const cluster = await startEtcdCluster(programs, 3, { flags: ['--quota-backend-bytes', String(QUOTA_BYTES)] });
  const labs = cluster.map((member) => new EtcdLab(member));
  afterAll(async () => {
    await Promise.all(cluster.map((member) => member.dispose()));
    for (const lab of labs) lab.dispose();
  });
  const lab = (index: number): EtcdLab => labs[index] as EtcdLab;
  const status = async (index: number): Promise<EtcdStatus> => {
    const said = await askMembers.member(lab(index).member.place).status(never);
    if (!said.ok) throw new Error(said.message);
    return said.value;
  };
  const sizes = (): Promise<readonly number[]> => Promise.all(MEMBERS.map(async (index) => (await status(index)).dbSizeBytes));
  const codeOf = (result: StepResult): string => (result.ok ? (result.note ?? 'ok') : `${result.outcome.code} ${result.outcome.message}`);
  const fill = (times: number): Promise<void> => Array.from({ length: times }).reduce<Promise<void>>(async (before) => {
    await before;
    await lab(0).member.fill({ prefix: '/big', count: 20, valueBytes: 100_000 });
  }, Promise.resolve());

  /** Whether whoever was defragmented led at that moment. */
  const ledWhile: boolean[] = [];
  const ask: AskMembers = {
    ...askMembers,
    member: (place) => {
      const member = askMembers.member(place);
      return { ...member, defragment: async (signal) => {
        const said = await member.status(signal);
        ledWhile.push(said.ok && said.value.leaderId === said.value.memberId);
        return await member.defragment(signal);
      } };
    },
  };
  const partsOf = (index: number): MaintenanceParts => ({ ask, clock: lab(index).clock, localMember: async () => ({ ...lab(index).member.place, runsAs: 'systemd', dataDir: lab(index).member.dataDir, quotaBytes: QUOTA_BYTES }) });

  /** As the runner does it. */
  async function run<Spec extends EtcdDefragmentSpec | EtcdDisarmSpec, Prior>(step: StepExecutor<Spec, Prior>, spec: Spec, index: number): Promise<string> {
    const context = lab(index).context();
    expect(codeOf(await step.stage(spec, context))).toBe('ok');
    const checked = await step.check(spec, context);
    if (!checked.ok || checked.state === 'satisfied') return checked.ok ? 'satisfied' : codeOf(checked);
    const captured = await step.capture(spec, context);
    if (!captured.ok) return codeOf(captured);
    const applied = await step.apply(spec, captured.prior, context);
    if (!applied.ok) return codeOf(applied);
    const verified = await step.verify(spec, captured.prior, context);
    return [applied.note, codeOf(verified)].filter((part) => part !== undefined).join('; ');
  }
  const defragment = (index: number): Promise<string> => run(etcdDefragmentStep(partsOf(index)), DEFRAGMENT, index);
  const disarm = (index: number): Promise<string> => run(etcdDisarmStep(partsOf(index)), DISARM, index);

  test('a database with little unused is left alone', async () => {
    await fill(2);
    expect(await Promise.all(MEMBERS.map(defragment))).toEqual(['satisfied', 'satisfied', 'satisfied']);
    expect(await disarm(0)).toBe('satisfied');
  });

  test('not while another member is down', async () => {
    await lab(0).member.ctl('del', '/big', '--prefix');
    await lab(0).member.ctl('compact', '--physical', String((await status(0)).revision));
    // What is free is counted anew with the next commits.
    const inUse = async (index: number): Promise<number> => {
      await lab(0).member.fill({ prefix: '/few', count: 3, valueBytes: 10 });
      return (await status(index)).dbSizeInUseBytes;
    };
    for (const index of MEMBERS) await expect.poll(() => inUse(index), { timeout: 30_000 }).toBeLessThan(2 ** 20);
    await lab(1).member.kill();
    expect(await defragment(0)).toMatch(/^etcd-unhealthy etcd cannot spare this member: member m1 cannot be counted on/);
    expect(ledWhile).toEqual([]);
    await lab(1).member.restart();
  });

  test('each member is defragmented, and none while it leads', async () => {
    for (const index of MEMBERS) expect(await defragment(index)).toMatch(/^its database was \d+\.\d MiB, .* and is 0\.\d MiB/);
    expect(ledWhile).toEqual([false, false, false]);
    for (const size of await sizes()) expect(size).toBeLessThan(2 ** 20);
    expect(await Promise.all(MEMBERS.map(defragment))).toEqual(['satisfied', 'satisfied', 'satisfied']);
  });

  test('the quota is used up: whoever comes last disarms, in any order, and writes go on', async () => {
    await expect(fill(20)).rejects.toThrow(/no space|database space exceeded/);
    expect((await sizes()).every((size) => size >= QUOTA_BYTES * 0.9)).toBe(true);
    expect(await disarm(2)).toMatch(/^the alarm stays until every member is below its quota: member m\d holds \d+\.\d MiB of 24\.0 MiB/);
    expect(await disarm(0)).toMatch(/^the alarm stays/);
    await expect(fill(1)).rejects.toThrow(/no space|database space exceeded/);
    expect(await disarm(1)).toBe('ok');
    await fill(1);
    expect(ledWhile.slice(3)).toEqual([false, false, false]);
    expect(await Promise.all(MEMBERS.map(disarm))).toEqual(['satisfied', 'satisfied', 'satisfied']);
  });
});
