import type { NodeName } from '../../domain/ids.ts';
import { compareKubeVersions, formatKubeVersion, type KubeVersion, minorDistance } from '../../domain/kube-version.ts';
import { nodeBehindMax } from '../../domain/skew.ts';
import type { HopOrder, ProcedureProblem, ProcedureProblemCode } from '../composition.ts';
import { namesOf } from '../names-of.ts';
import { findSkew } from './find-skew.ts';
import { atVersion, type Member } from './member.ts';

export interface Upgrade {
  /** Of the procedure, below spec. */
  readonly path: string;
  readonly target: KubeVersion;
  /** The versions that the plan names, the target among them. */
  readonly versions: readonly KubeVersion[];
  /** Where the plan names the versions on the way: `hops` or `releases`. */
  readonly versionsKey: string;
  /** The first control-plane node does what the further ones need: kubeadm has one, K3s has none. */
  readonly hasFirst: boolean;
  /** A kubelet may go several minors at once; what upgrades an agent of K3s refuses that, as K3s asks for. */
  readonly workersSkip: boolean;
}

export interface VersionHop {
  readonly version: KubeVersion;
  /** The nodes that it takes, each as it is before. */
  readonly takes: ReadonlyMap<NodeName, Member>;
  readonly order: HopOrder;
  /** All nodes of the clusters that it takes something of, as they are before. */
  readonly before: readonly Member[];
}

export interface PlannedHops {
  readonly hops: readonly VersionHop[];
  readonly problems: readonly ProcedureProblem[];
}

/**
 * The hops of all clusters together, oldest version first: every minor for a control plane, since none may be skipped; a
 * worker that may skip goes along only where it would be too old for the next one, and at the end.
 *
 * https://kubernetes.io/releases/version-skew-policy/
 */
export function planHops(upgrade: Upgrade, members: readonly Member[]): PlannedHops {
  const clusters = [...Map.groupBy(members, ({ cluster }) => cluster).values()].filter((cluster) => cluster.some(({ isSelected }) => isSelected));
  const planned = clusters.map((cluster) => planCluster(upgrade, cluster));
  const problems = planned.flatMap((one) => one.problems);
  if (problems.length > 0) return { hops: [], problems };
  const byVersion = Map.groupBy(planned.flatMap(({ hops }) => hops), ({ version }) => formatKubeVersion(version));
  return { hops: [...byVersion.values()].map(merge).toSorted((a, b) => compareKubeVersions(a.version, b.version)), problems };
}

function merge(hops: readonly VersionHop[]): VersionHop {
  const [first] = hops;
  if (first === undefined) throw new Error('a group of no hop');
  const union = (pick: (hop: VersionHop) => Iterable<NodeName>): ReadonlySet<NodeName> => new Set(hops.flatMap((hop) => [...pick(hop)]));
  return {
    version: first.version,
    takes: new Map(hops.flatMap(({ takes }) => [...takes])),
    before: hops.flatMap(({ before }) => before),
    order: { first: union(({ order }) => order.first), controlPlane: union(({ order }) => order.controlPlane) },
  };
}

function planCluster(upgrade: Upgrade, members: readonly Member[]): PlannedHops {
  const standing = [...findAhead(upgrade, members), ...findLeftOut(upgrade, members)];
  if (standing.length > 0) return { hops: [], problems: standing };
  const { versions, missing } = versionsOf(upgrade, members);
  if (missing.length > 0) return { hops: [], problems: [sayMissing(upgrade, missing, members)] };
  const hops: VersionHop[] = [];
  const problems = new Map<string, string>();
  const before = new Set(findSkew(members).map(({ message }) => message));
  let now = members;
  for (const [index, version] of versions.entries()) {
    const hop = takeHop(upgrade, now, version, versions[index + 1] ?? null);
    for (const moment of momentsOf(now, hop)) {
      for (const { code, object, message } of findSkew(moment)) {
        // The first moment says it; the later ones say it of other API servers.
        if (!before.has(message) && !problems.has(`${code} ${object}`)) problems.set(`${code} ${object}`, message);
      }
      now = moment;
    }
    if (hop.takes.size > 0) hops.push(hop);
  }
  return { hops, problems: [...problems.values()].map((message) => problem(upgrade, 'forbidden-skew', message)) };
}

function takeHop({ hasFirst, workersSkip }: Upgrade, now: readonly Member[], version: KubeVersion, next: KubeVersion | null): VersionHop {
  const isOld = (member: Member): boolean => member.isSelected && (isBelow(member.kubelet, version) || isBelow(member.apiserver, version));
  const isDue = (member: Member): boolean => isOld(member) && (member.isControlPlane || !workersSkip || next === null || minorDistance(member.kubelet, next) > nodeBehindMax(member.kubelet));
  const taken = now.filter(isDue).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const controlPlane = taken.filter((member) => member.isControlPlane).map(({ name }) => name);
  const isBegun = now.some(({ apiserver }) => apiserver !== null && !isBelow(apiserver, version));
  const first = hasFirst && !isBegun ? controlPlane.slice(0, 1) : [];
  return {
    version,
    takes: new Map(taken.map((member) => [member.name, member])),
    before: now,
    order: { first: new Set(first), controlPlane: new Set(controlPlane.filter((name) => !first.includes(name))) },
  };
}

/** The cluster after each control-plane node, one at a time, and after all workers: what lies between is no worse. */
function momentsOf(now: readonly Member[], { version, takes, order }: VersionHop): readonly (readonly Member[])[] {
  const ahead = [...order.first, ...order.controlPlane];
  const upgraded = (names: ReadonlySet<NodeName>): readonly Member[] =>
    now.map((member) => (names.has(member.name) ? atVersion(member, version) : member));
  return [...ahead.map((_, index) => upgraded(new Set(ahead.slice(0, index + 1)))), upgraded(new Set(takes.keys()))];
}

/** The versions of what may skip none on its way; missing: the minors for which the plan names none. */
function versionsOf({ target, versions, workersSkip }: Upgrade, members: readonly Member[]): { readonly versions: readonly KubeVersion[]; readonly missing: readonly string[] } {
  const workers = workersSkip ? [] : members.filter(({ isSelected, isControlPlane }) => isSelected && !isControlPlane).map(({ kubelet }) => kubelet);
  const [oldest] = [...members.flatMap(({ apiserver }) => apiserver ?? []), ...workers].toSorted(compareKubeVersions);
  if (oldest === undefined || oldest.major !== target.major) return { versions: [target], missing: [] };
  const minors = Array.from({ length: Math.max(0, target.minor - oldest.minor - 1) }, (_, index) => oldest.minor + 1 + index);
  const found = minors.map((minor) => versions.find((version) => version.major === target.major && version.minor === minor) ?? null);
  return {
    versions: [...found.filter((version) => version !== null), target],
    missing: minors.filter((_, index) => found[index] === null).map((minor) => `v${target.major}.${minor}.x`),
  };
}

function sayMissing(upgrade: Upgrade, missing: readonly string[], members: readonly Member[]): ProcedureProblem {
  const ways = [...upgrade.versions.filter((version) => compareKubeVersions(version, upgrade.target) < 0).map(formatKubeVersion), ...missing, formatKubeVersion(upgrade.target)];
  const from = members.find(({ apiserver }) => apiserver !== null)?.cluster ?? '';
  const message = `no minor may be skipped, and from what cluster ${from} runs there is no version for ${missing.join(', ')}; write ${upgrade.versionsKey} with a patch version for each: ${ways.toSorted(byMinor).join(', ')}`;
  return problem(upgrade, 'hop-missing', message);
}

function byMinor(a: string, b: string): number {
  return Number(a.split('.')[1]) - Number(b.split('.')[1]);
}

function findAhead(upgrade: Upgrade, members: readonly Member[]): readonly ProcedureProblem[] {
  const ahead = members.filter(({ isSelected, kubelet, apiserver }) => isSelected && (isBelow(upgrade.target, kubelet) || (apiserver !== null && isBelow(upgrade.target, apiserver))));
  if (ahead.length === 0) return [];
  return [problem(upgrade, 'downgrade', `${namesOf(ahead.map(({ name }) => name))} run what is newer than ${formatKubeVersion(upgrade.target)}, and nothing goes back to an older version by an upgrade; leave them out, or write a newer version`)];
}

/** What the plan does not take has to fit what it makes of the others. */
function findLeftOut(upgrade: Upgrade, members: readonly Member[]): readonly ProcedureProblem[] {
  const controlPlane = members.filter(({ apiserver }) => apiserver !== null);
  const cluster = members[0]?.cluster ?? '';
  if (controlPlane.length === 0) {
    return [problem(upgrade, 'control-plane-unknown', `no control-plane node of cluster ${cluster} is enrolled, so that nobody knows which API server its workers meet; enroll one`)];
  }
  const left = controlPlane.filter(({ isSelected, apiserver }) => !isSelected && apiserver !== null && minorDistance(apiserver, upgrade.target) > 0);
  if (left.length === 0) return [];
  return [problem(upgrade, 'control-plane-left-out', `${namesOf(left.map(({ name }) => name))} of the control plane of cluster ${cluster} run less than ${formatKubeVersion(upgrade.target)} and are not selected; no other node may be newer: let spec.select take them`)];
}

function isBelow(version: KubeVersion | null, than: KubeVersion): boolean {
  return version !== null && compareKubeVersions(version, than) < 0;
}

function problem({ path }: Upgrade, code: ProcedureProblemCode, message: string): ProcedureProblem {
  return { code, path, message };
}
