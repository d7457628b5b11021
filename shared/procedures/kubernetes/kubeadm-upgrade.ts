import type { KubeadmFacts } from '../../domain/host-facts.ts';
import { compareKubeVersions, formatKubeVersion, type KubeVersion, parseKubeVersion } from '../../domain/kube-version.ts';
import type { KubeadmUpgrade } from '../../domain/procedure.ts';
import type { KubeadmRole } from '../../domain/steps/kubeadm-spec.ts';
import { composeSteps, type WantedStep } from '../compose-steps.ts';
import type { ComposedStep, Hop, PlannedProcedure, ProcedureNode } from '../composition.ts';
import { findUnnamedPoints } from './find-unnamed-points.ts';
import { type Member, readMembers } from './member.ts';
import { planHops, type Upgrade, type VersionHop } from './plan-hops.ts';

const PATH = 'procedure.kubeadm-upgrade';

/**
 * The order of `kubeadm upgrade`: on the first control-plane node `apply`, then `node` on the further ones, then workers; on
 * each of them kubeadm, then what it owns, then the kubelet.
 *
 * https://kubernetes.io/docs/tasks/administer-cluster/kubeadm/kubeadm-upgrade/
 */
export function planKubeadmUpgrade(procedure: KubeadmUpgrade, nodes: readonly ProcedureNode[]): PlannedProcedure {
  const read = readMembers('kubeadm', PATH, nodes);
  if (!read.ok) return read;
  const target = exact(procedure.version);
  const upgrade: Upgrade = { path: PATH, target, versions: [...procedure.hops.map(exact), target], versionsKey: 'hops', hasFirst: true, workersSkip: true };
  const { hops, problems } = planHops(upgrade, read.members);
  const unnamed = findUnnamedPoints(PATH, procedure.pointsOfNoReturn, hops.flatMap(({ takes, version }) => [...takes.values()].filter(({ apiserver }) => isBelow(apiserver, version))));
  if (problems.length + unnamed.length > 0) return { ok: false, problems: [...problems, ...unnamed] };
  return { ok: true, hops: hops.map((hop) => composeHop(procedure, hop)) };
}

function composeHop(procedure: KubeadmUpgrade, { version, takes, order, before }: VersionHop): Hop {
  const roleOf = ({ name, isControlPlane }: Member): KubeadmRole => (order.first.has(name) ? 'first-control-plane' : isControlPlane ? 'control-plane' : 'worker');
  const steps = [...takes].map(([name, member]) => [name, compose(procedure, member, roleOf(member), version)] as const);
  const noReturn = [...takes.values()].filter(({ apiserver }) => isBelow(apiserver, version)).map(({ name }) => name);
  return { target: formatKubeVersion(version), order, steps: new Map(steps), noReturn: new Set(noReturn), facts: new Map(before.map(({ name, facts }) => [name, facts])) };
}

function compose({ sources, packageRevision, settings }: KubeadmUpgrade, member: Member, role: KubeadmRole, to: KubeVersion): readonly ComposedStep[] {
  const { kubelet, apiserver } = member;
  const { kubectl } = member.facts.kubernetes as KubeadmFacts;
  const version = bare(to);
  const packaged = `${version}-${packageRevision}`;
  const install = (name: string, names: readonly string[], because: string): WantedStep => ({
    ...{ name, because },
    packages: { sources: [...sources], install: Object.fromEntries(names.map((each) => [each, packaged])) },
  });
  const isToolNeeded = member.tool === null || compareKubeVersions(member.tool, to) !== 0;
  const tool = isToolNeeded ? [install('packages-kubeadm', ['kubeadm'], member.tool === null ? 'kubeadm is not installed' : `kubeadm is ${bare(member.tool)}`)] : [];
  const own = isBelow(apiserver ?? kubelet, to) ? [{ name: 'kubeadm', kubeadm: { role, version, ...writtenSettings(settings) }, because: whyKubeadm(role, member, to) }] : [];
  const below = `kubelet ${bare(kubelet)} is below ${version}`;
  const restart = isBelow(kubelet, to) ? [install('packages-kubelet', kubectl === null ? ['kubelet'] : ['kubectl', 'kubelet'], below), { name: 'kubelet', kubelet: { version }, because: `${below}, and the new one runs only after a restart` }] : [];
  return composeSteps([...(own.length > 0 ? tool : []), ...own, ...restart]);
}

function whyKubeadm(role: KubeadmRole, { apiserver }: Member, to: KubeVersion): string {
  const now = apiserver === null ? '' : `, its API server is ${bare(apiserver)}`;
  if (role === 'first-control-plane') return `first control plane: kubeadm upgrade apply ${formatKubeVersion(to)}${now}`;
  return `${role === 'worker' ? 'role worker' : 'further control plane'}: kubeadm upgrade node${now}`;
}

/** As a plan writes them: it leaves kubeadm's own waits out. */
function writtenSettings({ timeouts, patches, ignorePreflightErrors, ...settings }: KubeadmUpgrade['settings']) {
  const waits = {
    upgradeManifests: timeouts.upgradeManifestsMs,
    etcdAPICall: timeouts.etcdApiCallMs,
    kubernetesAPICall: timeouts.kubernetesApiCallMs,
    controlPlaneComponentHealthCheck: timeouts.controlPlaneHealthCheckMs,
    kubeletHealthCheck: timeouts.kubeletHealthCheckMs,
  };
  const written = Object.entries(waits).filter(([, ms]) => ms > 0).map(([key, ms]) => [key, `${ms}ms`]);
  return { ...settings, patches: patches === '' ? undefined : patches, ignorePreflightErrors: [...ignorePreflightErrors], timeouts: written.length === 0 ? undefined : Object.fromEntries(written) };
}

function isBelow(version: KubeVersion | null, than: KubeVersion): boolean {
  return version !== null && compareKubeVersions(version, than) < 0;
}

function bare(version: KubeVersion): string {
  return formatKubeVersion(version).slice(1);
}

function exact(text: string): KubeVersion {
  const version = parseKubeVersion(text);
  if (version === null) throw new Error(`${text} passed as a version of Kubernetes`);
  return version;
}
