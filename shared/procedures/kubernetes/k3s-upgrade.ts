import { compareKubeVersions, formatKubeVersion, type KubeVersion, minorDistance, parseKubeVersion } from '../../domain/kube-version.ts';
import type { K3sUpgrade } from '../../domain/procedure.ts';
import { composeSteps } from '../compose-steps.ts';
import type { ComposedStep, Hop, PlannedProcedure, ProcedureNode, ProcedureProblem } from '../composition.ts';
import { namesOf } from '../names-of.ts';
import { findUnnamedPoints } from './find-unnamed-points.ts';
import { type Member, readMembers } from './member.ts';
import { planHops, type VersionHop } from './plan-hops.ts';

const PATH = 'procedure.k3s-upgrade';

/**
 * Servers first, one at a time, then agents, which skip no minor either. K3s itself stops nothing from that: the hops do.
 *
 * https://docs.k3s.io/upgrades/manual
 */
export function planK3sUpgrade(procedure: K3sUpgrade, nodes: readonly ProcedureNode[]): PlannedProcedure {
  const read = readMembers('k3s', PATH, nodes);
  if (!read.ok) return read;
  const versions = procedure.releases.map(({ version }) => exact(version));
  const { hops, problems } = planHops({ path: PATH, target: exact(procedure.version), versions, versionsKey: 'releases', hasFirst: false, workersSkip: false }, read.members);
  const past = hops.flatMap((hop) => [...hop.takes.values()].filter((member) => crossesMinor(member, hop.version) && member.isControlPlane));
  const all = [...problems, ...findMissingBuilds(procedure, hops), ...findUnnamedPoints(PATH, procedure.pointsOfNoReturn, past)];
  return all.length > 0 ? { ok: false, problems: all } : { ok: true, hops: hops.map((hop) => composeHop(procedure, hop)) };
}

function composeHop(procedure: K3sUpgrade, { version, takes, order, before }: VersionHop): Hop {
  const members = [...takes.values()];
  const noReturn = members.filter((member) => member.isControlPlane && crossesMinor(member, version)).map(({ name }) => name);
  return {
    ...{ target: formatKubeVersion(version), order, noReturn: new Set(noReturn) },
    steps: new Map(members.map((member) => [member.name, compose(procedure, member, version)])),
    facts: new Map(before.map(({ name, facts }) => [name, facts])),
  };
}

function compose(procedure: K3sUpgrade, member: Member, to: KubeVersion): readonly ComposedStep[] {
  const build = buildOf(procedure, member, to);
  if (build === null) throw new Error(`no build of ${formatKubeVersion(to)} for ${member.name} was noticed too late`);
  const role = member.isControlPlane ? 'server' : 'agent';
  const images = build.images === null ? {} : { images: build.images };
  const because = `role ${role}: K3s ${formatKubeVersion(member.kubelet)} is below ${formatKubeVersion(to)}`;
  return composeSteps([{ name: `k3s-${role}`, k3s: { role, version: formatKubeVersion(to), binary: build.binary, ...images, crossesMinor: crossesMinor(member, to) }, because }]);
}

function findMissingBuilds(procedure: K3sUpgrade, hops: readonly VersionHop[]): readonly ProcedureProblem[] {
  return hops.flatMap(({ version, takes }) => {
    const without = Map.groupBy([...takes.values()].filter((member) => buildOf(procedure, member, version) === null), ({ facts }) => facts.architecture);
    return [...without].map(([architecture, members]): ProcedureProblem => ({
      ...{ code: 'build-missing', path: PATH },
      message: `${namesOf(members.map(({ name }) => name))} are ${architecture}, and releases has no build of ${formatKubeVersion(version)} for that; add it: \`farrier artifact add\` prints what to write`,
    }));
  });
}

function buildOf({ releases }: K3sUpgrade, { facts }: Member, to: KubeVersion) {
  return releases.find(({ version }) => compareKubeVersions(exact(version), to) === 0)?.builds[facts.architecture] ?? null;
}

function crossesMinor({ kubelet }: Member, to: KubeVersion): boolean {
  return minorDistance(kubelet, to) !== 0;
}

function exact(text: string): KubeVersion {
  const version = parseKubeVersion(text);
  if (version === null) throw new Error(`${text} passed as a version of K3s`);
  return version;
}
