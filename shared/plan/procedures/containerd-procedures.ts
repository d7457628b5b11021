import type { z } from 'zod';

import type { ContainerdConfig, ContainerdUpgrade, RuntimeProbe } from '../../domain/procedure.ts';
import { IMAGE_ARCHIVES_MAX } from '../../domain/step-limits.ts';
import { RUNTIMES_MAX } from '../../domain/steps/containerd-problem.ts';
import { entryOf } from '../loose.ts';
import { type Problem, problem, type PropertyPath } from '../problem.ts';
import { list, section } from '../section.ts';
import { installs } from '../step-fields.ts';
import { artifactFields } from '../steps/artifact-fields.ts';
import { checkSettings, compileSettings, containerdSettingsSection, settingFields } from '../steps/containerd-step.ts';
import { criProbeSection } from '../steps/cri-probe-step.ts';
import { pinnedImages } from '../steps/image-fields.ts';
import { sources } from '../steps/packages-step.ts';

/** What packages call it: Debian's, and Docker's. */
export const CONTAINERD_PACKAGES: readonly string[] = ['containerd', 'containerd.io'];

const { handler, image, id, archive, annotations, expect } = criProbeSection.shape;
const probes = list(section({ handler, image, id, archive, annotations, expect }), 'probes', { min: 1, max: RUNTIMES_MAX }).optional();

export const containerdConfigProcedure = section({ install: installs().optional(), sources: sources.optional(), ...settingFields, probes });

export const containerdUpgradeProcedure = section({
  install: installs(),
  sources,
  images: list(section({ ...artifactFields, images: pinnedImages }), 'archives of images', { min: 1, max: IMAGE_ARCHIVES_MAX }).optional(),
  settings: containerdSettingsSection.optional(),
  probes,
});

export function compileContainerdConfig({ install, sources: from, probes: given, ...settings }: z.infer<typeof containerdConfigProcedure>): ContainerdConfig {
  return { kind: 'containerd-config', install: install ?? [], sources: from ?? [], settings: compileSettings(settings), probes: compileProbes(given) };
}

export function compileContainerdUpgrade({ install, sources: from, images, settings, probes: given }: z.infer<typeof containerdUpgradeProcedure>): ContainerdUpgrade {
  return { kind: 'containerd-upgrade', install, sources: from, archives: images ?? [], settings: compileSettings(settings ?? containerdSettingsSection.parse({})), probes: compileProbes(given) };
}

function compileProbes(given: z.infer<typeof probes>): readonly RuntimeProbe[] {
  return (given ?? []).map((one) => ({ handler: one.handler ?? '', image: { name: one.image, id: one.id }, archive: one.archive ?? null, annotations: one.annotations, expect: one.expect }));
}

/** Told only where each value by itself is right. */
export function checkContainerdConfig(written: unknown, path: PropertyPath): readonly Problem[] {
  const read = containerdConfigProcedure.safeParse(written);
  if (written === undefined || !read.success) return [];
  const { install, sources: from, probes: _, ...settings } = read.data;
  const lone = (install === undefined) === (from === undefined) ? [] : [problem(path, 'missing', install === undefined ? 'has sources and installs nothing; add install, or take sources out' : 'has no sources; name those that the packages come from')];
  return [...lone, ...checkSettings(settings, path)];
}

export function checkContainerdUpgrade(written: unknown, path: PropertyPath): readonly Problem[] {
  const read = containerdUpgradeProcedure.safeParse(written);
  if (written === undefined || !read.success) return [];
  const named = read.data.install.some(({ name }) => CONTAINERD_PACKAGES.includes(name));
  return [
    ...(named ? [] : [problem([...path, 'install'], 'missing', `does not name ${CONTAINERD_PACKAGES.join(' or ')} with its version; without it there is nothing to upgrade: write packages instead`)]),
    ...(read.data.settings === undefined || entryOf(written, 'settings') === undefined ? [] : checkSettings(read.data.settings, [...path, 'settings'])),
  ];
}
