import { afterAll, describe, expect, test } from 'vitest';

import { askMembers } from '../../../agent/adapters/etcd/ask-members.ts';
import { type EtcdPrior, etcdUpgradeStep } from '../../../agent/steps/etcd/etcd-upgrade.ts';
import type { StepResult } from '../../../agent/steps/step.ts';
import type { EtcdUpgradeSpec } from '../../../shared/domain/steps/etcd-spec.ts';
import { sha256Of } from '../../../shared/files/sha256-of.ts';
import { EtcdLab } from '../../support/etcd-lab.ts';
import { etcdProgramsOrSayWhy } from '../../support/etcd-programs.ts';
import { startEtcdCluster } from '../../support/etcd-server.ts';

const never = new AbortController().signal;
const NEW = '3.5.16';

describe('three members of etcd 3.4 are brought to 3.5', async () => {
  const [old, next] = [await etcdProgramsOrSayWhy('bookworm', 'the upgrade of etcd'), await etcdProgramsOrSayWhy('trixie', 'the upgrade of etcd')];
  if (old === null || next === null) {
    test('NOT CHECKED: no etcd', ({ skip }) => skip());
    return;
  }
  const cluster = await startEtcdCluster(old, 3, { ownProgram: true });
  const labs = cluster.map((member) => new EtcdLab(member));
  afterAll(async () => {
    await Promise.all(cluster.map((member) => member.dispose()));
    for (const lab of labs) lab.dispose();
  });
  const lab = (index: number): EtcdLab => labs[index] as EtcdLab;
  const stepOf = (index: number) => etcdUpgradeStep(lab(index).parts);
  const to = (index: number, change: Partial<EtcdUpgradeSpec> = {}): EtcdUpgradeSpec => lab(index).upgradeTo(NEW, next.etcd, change);
  const versionOf = async (index: number): Promise<string> => {
    const status = await askMembers.member(lab(index).member.place).status(never);
    return status.ok ? status.value.version : status.code;
  };
  const clusterVersion = (): Promise<string | null> => askMembers.clusterVersion(lab(0).member.place, never);
  const codeOf = (result: StepResult): string => (result.ok ? 'ok' : `${result.outcome.code} ${result.outcome.message}`);

  /** As the runner does it. */
  async function run(index: number, spec: EtcdUpgradeSpec): Promise<{ readonly prior: EtcdPrior; readonly result: StepResult }> {
    const step = stepOf(index);
    const context = lab(index).context();
    expect(codeOf(await step.stage(spec, context))).toBe('ok');
    expect(await step.check(spec, context)).toEqual({ ok: true, state: 'needed' });
    const captured = await step.capture(spec, context);
    if (!captured.ok) throw new Error(captured.outcome.message);
    const applied = await step.apply(spec, captured.prior, context);
    return { prior: captured.prior, result: applied.ok ? await step.verify(spec, captured.prior, context) : applied };
  }

  test('what cannot be done is refused before anything is touched', async () => {
    await expect.poll(clusterVersion, { timeout: 20_000 }).toBe('3.4');
    const stage = async (spec: EtcdUpgradeSpec): Promise<string> => codeOf(await stepOf(0).stage(spec, lab(0).context()));
    expect(await stage(to(0, { crossesMinor: false }))).toMatch(/^version-skew .*write crossesMinor: true/);
    expect(await stage(lab(0).upgradeTo('3.6.11', next.etcd))).toMatch(/^version-skew .*one minor at a time: bring every member to 3\.5 first/);
    expect(await stage(lab(0).upgradeTo('3.5.30', next.etcd))).toMatch(/^wrong-version .* is etcd 3\.5\.16, the plan says 3\.5\.30/);
    expect(await stage(lab(0).upgradeTo(NEW, '/usr/bin/true'))).toMatch(/^wrong-version .* is no etcd that runs on this host/);
    lab(0).moreFlags = ['--debug'];
    expect(await stage(to(0))).toMatch(/^config-refused etcd-flag-removed: .*debug in ExecStart of etcd.service/);
    lab(0).moreFlags = ['--enable-pprof2'];
    expect(await stage(to(0))).toMatch(/^config-refused etcd-flag-removed: .*not defined: -enable-pprof2/);
    lab(0).moreFlags = [];
    expect(await versionOf(0)).toBe('3.4.23');
  });

  test('while another member is down nothing is begun, and putting it back touches nothing', async () => {
    await lab(1).member.kill();
    const pid = lab(0).member.pid();
    const { prior, result } = await run(0, to(0));
    expect(codeOf(result)).toMatch(/^etcd-unhealthy etcd cannot spare this member: member m1 cannot be counted on/);
    expect(codeOf(await stepOf(0).revert(to(0), prior, lab(0).context()))).toBe('ok');
    expect(lab(0).member.pid()).toBe(pid);
    await lab(1).member.restart();
  });

  test('a version that crashes is put back, to the byte', async () => {
    const before = await sha256Of(lab(0).member.program);
    const spec = lab(0).upgradeTo(NEW, lab(0).crashing(NEW));
    const { prior, result } = await run(0, spec);
    expect(codeOf(result)).toMatch(/^unit-crashed/);
    expect(await stepOf(0).crossed?.(spec, prior, lab(0).context())).toBe(false);
    expect(codeOf(await stepOf(0).revert(spec, prior, lab(0).context()))).toBe('ok');
    expect([await versionOf(0), await sha256Of(lab(0).member.program)]).toEqual(['3.4.23', before]);
  });

  test('while one member is old the others can go back; once all are new nothing does', async () => {
    const spec = to(0);
    const first = await run(0, spec);
    expect([codeOf(first.result), await versionOf(0), await clusterVersion()]).toEqual(['ok', NEW, '3.4']);
    expect(await stepOf(0).check(spec, lab(0).context())).toEqual({ ok: true, state: 'satisfied' });
    expect(codeOf(await stepOf(0).canRevert(spec, first.prior, lab(0).context()))).toBe('ok');
    expect(codeOf(await stepOf(0).revert(spec, first.prior, lab(0).context()))).toBe('ok');
    expect(await versionOf(0)).toBe('3.4.23');

    await lab(2).member.fill({ prefix: '/before', count: 50, valueBytes: 100 });
    for (const index of [0, 1, 2]) expect(codeOf((await run(index, to(index))).result)).toBe('ok');
    await expect.poll(clusterVersion, { timeout: 30_000 }).toBe('3.5');
    expect(await Promise.all([0, 1, 2].map(versionOf))).toEqual([NEW, NEW, NEW]);
    expect(await askMembers.member(lab(0).member.place).keys({ prefix: '/before', limit: 0, revision: 0, serializable: false }, never)).toMatchObject({ ok: true, value: { count: 50 } });

    const pids = labs.map(({ member }) => member.pid());
    expect(await stepOf(0).crossed?.(spec, first.prior, lab(0).context())).toBe(true);
    expect(codeOf(await stepOf(0).canRevert(spec, first.prior, lab(0).context()))).toMatch(/^nothing-to-revert past a point of no return: every member runs etcd 3\.5/);
    expect(codeOf(await stepOf(0).revert(spec, first.prior, lab(0).context()))).toMatch(/^past-no-return/);
    expect(labs.map(({ member }) => member.pid())).toEqual(pids);
  });
});
