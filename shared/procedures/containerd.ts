import { crunFits } from '../domain/crun-fits.ts';
import type { HostFacts } from '../domain/host-facts.ts';
import type { ContainerdConfig, ContainerdUpgrade, RuntimeProbe } from '../domain/procedure.ts';
import { compareReleases, formatRelease, parseRelease, type Release } from '../domain/release.ts';
import type { PackageVersion } from '../domain/step-spec.ts';
import { CONTAINERD_PACKAGES } from '../plan/procedures/containerd-procedures.ts';
import { writeSettings } from '../plan/steps/containerd-step.ts';
import { composeSteps, type WantedStep } from './compose-steps.ts';
import { type ComposedStep, type Hop, oneHop, type PlannedProcedure, problemAbout, type ProcedureNode } from './composition.ts';
import { whyNeeded } from './packages.ts';

const PATH = 'procedure.containerd-upgrade';

/** No node is ever at the target by its facts: what its configuration says shows on the host, in the step itself. */
export function planContainerdConfig({ install, sources, settings, probes }: ContainerdConfig, nodes: readonly ProcedureNode[]): readonly Hop[] {
  return oneHop(nodes, ({ facts }) =>
    composeSteps([
      ...packages('packages', install, sources, facts),
      { name: 'containerd', containerd: writeSettings(settings), because: 'only the host itself knows what its configuration says' },
      ...probes.map(probe),
    ]),
  );
}

/**
 * Images first, then the packages, then the configuration for the new version. Over a major the configuration is first made
 * one that both read: packages restart containerd, which would start on the old one. A crun that is too old for the new
 * version goes before that.
 */
export function planContainerdUpgrade(procedure: ContainerdUpgrade, nodes: readonly ProcedureNode[]): PlannedProcedure {
  const to = targetOf(procedure.install);
  const told = nodes.filter(({ isSelected, facts }) => isSelected && facts !== null);
  const problems = [
    ...problemAbout(told.filter(({ facts }) => facts?.runtimes.containerd === null), { code: 'other-runtime', path: PATH }, (names) => `there is no containerd to upgrade on ${names}; leave them out of spec.select: K3s brings its own, with k3s-upgrade`),
    ...problemAbout(to === null ? [] : told.filter((node) => isNewer(node, to)), { code: 'downgrade', path: PATH }, (names) => `containerd is newer on ${names}; \`farrier rollout rollback\` goes back to what was there before, or leave them out of spec.select`),
  ];
  return problems.length > 0 ? { ok: false, problems } : { ok: true, hops: oneHop(nodes, ({ facts }) => upgrade(procedure, facts)) };
}

function isNewer({ facts }: ProcedureNode, to: Release): boolean {
  const from = parseRelease(facts?.runtimes.containerd ?? '');
  return from !== null && compareReleases(from, to) > 0;
}

function upgrade({ install, sources, archives, settings, probes }: ContainerdUpgrade, facts: HostFacts | null): readonly ComposedStep[] {
  if (install.every((wanted) => whyNeeded(wanted, facts).length === 0)) return [];
  const [to, from] = [targetOf(install), parseRelease(facts?.runtimes.containerd ?? '')];
  const alsoFor = settings.alsoFor ?? (from === null ? null : formatRelease(from));
  const before = to === null || from?.major === to.major ? null : formatRelease(to);
  const first = before === null ? [] : install.filter((wanted) => isCrunFor(before, wanted, facts));
  const rest = install.filter((wanted) => !first.includes(wanted));
  return composeSteps([
    ...(archives.length === 0 ? [] : [{ name: 'images', images: { archives: archives.map(({ images, ...ref }) => ({ ...ref, images: Object.fromEntries(images.map(({ name, id }) => [name, id])) })), pin: true }, because: 'the new version asks for them' } satisfies WantedStep]),
    ...packages('crun', first, sources, facts),
    ...(before === null ? [] : [{ name: 'containerd-before', containerd: { alsoFor: before }, because: `containerd ${from === null ? 'of a version that nobody tells' : formatRelease(from)} and ${before} have to read the same configuration` } satisfies WantedStep]),
    ...packages('packages', rest, sources, facts),
    { name: 'containerd', containerd: writeSettings({ ...settings, alsoFor }), because: 'the new version has to answer over CRI' },
    ...probes.map(probe),
  ]);
}

function targetOf(install: readonly PackageVersion[]): Release | null {
  return parseRelease(install.find(({ name }) => CONTAINERD_PACKAGES.includes(name))?.version ?? '');
}

/** A crun that containerd cannot use is refused as soon as a step looks ahead to that containerd; the new one serves both. */
function isCrunFor(containerd: string, { name, version }: PackageVersion, facts: HostFacts | null): boolean {
  const there = facts?.runtimes.crun ?? null;
  return name === 'crun' && there !== null && !crunFits(there, containerd) && crunFits(version, containerd);
}

function packages(name: string, install: readonly PackageVersion[], sources: readonly string[], facts: HostFacts | null): readonly WantedStep[] {
  const reasons = install.flatMap((wanted) => whyNeeded(wanted, facts));
  return reasons.length === 0 ? [] : [{ name, packages: { install: Object.fromEntries(install.map((each) => [each.name, each.version])), sources: [...sources] }, because: reasons.join(', ') }];
}

function probe({ handler, image, archive, annotations, expect }: RuntimeProbe, index: number): WantedStep {
  return {
    name: `probe-${handler === '' ? 'default' : handler}${index === 0 ? '' : `-${index + 1}`}`,
    criProbe: {
      ...{ image: image.name, id: image.id, expect, annotations: Object.fromEntries(annotations.map(({ key, value }) => [key, value])) },
      ...(handler === '' ? {} : { handler }),
      ...(archive === null ? {} : { archive: { ...archive } }),
    },
    because: 'a runtime that is there may still run nothing',
  };
}
