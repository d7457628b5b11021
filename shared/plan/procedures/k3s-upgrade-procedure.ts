import type { z } from 'zod';

import type { K3sRelease, K3sUpgrade } from '../../domain/procedure.ts';
import { entryOf, hasOnly, itemsOf } from '../loose.ts';
import { type Problem, problem, type PropertyPath } from '../problem.ts';
import { section } from '../section.ts';
import { k3sSection, k3sVersion } from '../steps/k3s-step.ts';
import { checkVersionsOnTheWay, pointsOfNoReturn, versionsOnTheWay } from './release-fields.ts';

const { binary, images } = k3sSection.shape;
const build = section({ binary, images });
const release = section({ version: k3sVersion, amd64: build.optional(), arm64: build.optional() });

export const k3sUpgradeProcedure = section({
  version: k3sVersion,
  releases: versionsOnTheWay(release),
  pointsOfNoReturn,
});

export function compileK3sUpgrade({ version, releases, pointsOfNoReturn: points }: z.infer<typeof k3sUpgradeProcedure>): K3sUpgrade {
  return { kind: 'k3s-upgrade', version, releases: releases.map(compileRelease), pointsOfNoReturn: points };
}

function compileRelease({ version, ...builds }: z.infer<typeof release>): K3sRelease {
  const found = Object.entries(builds).flatMap(([architecture, one]) => (one === undefined ? [] : [[architecture, { binary: one.binary, images: one.images ?? null }] as const]));
  return { version, builds: Object.fromEntries(found) };
}

export function checkK3sUpgrade(written: unknown, path: PropertyPath): readonly Problem[] {
  const releases = itemsOf(entryOf(written, 'releases'));
  const version = entryOf(written, 'version');
  const versions = releases.map((one) => entryOf(one, 'version'));
  const empty = releases.flatMap((one, index) => (hasOnly(one, ['version']) ? [problem([...path, 'releases', index], 'missing', 'names no build; write amd64 or arm64 with its binary, and with images where the hosts pull none')] : []));
  const hasTarget = releases.length === 0 || version === undefined || versions.includes(version);
  const target = hasTarget ? [] : [problem([...path, 'releases'], 'missing', 'has no entry of version itself; add the builds of the target')];
  return [...empty, ...target, ...checkVersionsOnTheWay(version, versions, (index) => [...path, 'releases', index, 'version'])];
}
