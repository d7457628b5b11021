import type { z } from 'zod';

import type { ContainerdConfig, ContainerdUpgrade, RuntimeProbe } from '../../domain/procedure.ts';
import { IMAGE_ARCHIVES_MAX } from '../../domain/step-limits.ts';
import { RUNTIMES_MAX } from '../../domain/steps/containerd-problem.ts';
import { entryOf } from '../loose.ts';
import { type Problem, problem, type PropertyPath } from '../problem.ts';
import { list, section } from '../section.ts';
import { installs } from '../step-fields.ts';
import { artifactFields } from '../steps/artifact-fields.ts';
import { belowRegistry, checkSettings, compileSettings, containerdSettingsSection, settingFields } from '../steps/containerd-step.ts';
import { criProbeSection } from '../steps/cri-probe-step.ts';
import { pinnedImages } from '../steps/image-fields.ts';
import { sources } from '../steps/packages-step.ts';

/** What packages call it: Debian's, and Docker's. */
export const CONTAINERD_PACKAGES: readonly string[] = ['containerd', 'containerd.io'];

const { handler, image, id, archive, annotations, expect } = criProbeSection.shape;
const probes = list(section({ handler, image, id, archive, annotations, expect }), 'probes', { min: 1, max: RUNTIMES_MAX }).optional();

export const containerdConfigProcedure = section({ install: installs().optional(), sources: sources.optional(), ...settingFields, probes }, belowRegistry);

const belowSettings = Object.fromEntries(Object.keys(settingFields).map((key) => [key, 'settings']));

export const containerdUpgradeProcedure = section(
  {
    install: installs(),
    sources,
    images: list(section({ ...artifactFields, images: pinnedImages }), 'archives of images', { min: 1, max: IMAGE_ARCHIVES_MAX }).optional(),
    settings: containerdSettingsSection.optional(),
    probes,
  },
  belowSettings,
);

export function compileContainerdConfig({ install, sources: from, probes: given, ...settings }: z.infer<typeof containerdConfigProcedure>): ContainerdConfig {
  return { kind: 'containerd-config', install: install ?? [], sources: from ?? [], settings: compileSettings(settings), probes: compileProbes(given) };
}

export function compileContainerdUpgrade({ install, sources: from, images, settings, probes: given }: z.infer<typeof containerdUpgradeProcedure>): ContainerdUpgrade {
  return { kind: 'containerd-upgrade', install, sources: from, archives: images ?? [], settings: compileSettings(settings ?? containerdSettingsSection.parse({})), probes: compileProbes(given) };
}

function compileProbes(given: z.infer<typeof probes>): readonly RuntimeProbe[] {
  return (given ?? []).map((one) => ({ handler: one.handler ?? '', image: { name: one.image, id: one.id }, archive: one.archive ?? null, annotations: one.annotations, expect: one.expect }));
}

export function checkContainerdConfig(written: unknown, path: PropertyPath): readonly Problem[] {
  if (typeof written !== 'object' || written === null) return [];
  const doesInstall = Object.hasOwn(written, 'install');
  const found: Problem[] = [];
  if (Object.keys(written).length === 0) found.push(problem(path, 'missing', 'changes nothing and proves nothing; write settings, probes or both'));
  if (doesInstall !== Object.hasOwn(written, 'sources')) found.push(problem(path, 'missing', doesInstall ? 'has no sources; name those that the packages come from' : 'has sources and installs nothing; add install, or take sources out'));
  return [...found, ...checkSettings(written, path)];
}

export function checkContainerdUpgrade(written: unknown, path: PropertyPath): readonly Problem[] {
  const install = entryOf(written, 'install');
  const isNamed = typeof install !== 'object' || install === null || CONTAINERD_PACKAGES.some((name) => Object.hasOwn(install, name));
  return [
    ...(isNamed ? [] : [problem([...path, 'install'], 'missing', `does not name ${CONTAINERD_PACKAGES.join(' or ')} with its version; without it there is nothing to upgrade: write packages instead`)]),
    ...checkSettings(entryOf(written, 'settings'), [...path, 'settings']),
  ];
}
