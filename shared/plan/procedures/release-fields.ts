import type { z } from 'zod';

import { compareKubeVersions, minorDistance, parseKubeVersion } from '../../domain/kube-version.ts';
import { KUBEADM_VERSION_PATTERN } from '../../domain/step-limits.ts';
import { field } from '../field.ts';
import { type Problem, problem, type PropertyPath } from '../problem.ts';
import { quote } from '../quote.ts';
import { list } from '../section.ts';
import { choice } from '../text-fields.ts';

const WHAT = 'an exact version of Kubernetes from 1.31 on, as v1.34.1';
/** More minors at once than anybody walks. */
const HOPS_MAX = 20;

/** With or without its `v`. @returns without. */
export const kubernetesRelease = field((input, { stop }): string => {
  if (input === undefined) return stop('missing', `is missing; it has to be ${WHAT}`);
  if (typeof input === 'number') return stop('wrong-type', `is read as the number ${input}; it has to be ${WHAT}`);
  const text = typeof input === 'string' ? input.replace(/^v/u, '') : '';
  return KUBEADM_VERSION_PATTERN.test(text) ? text : stop(input === null || input === '' ? 'empty' : 'not-exact', `is ${quote(input)}; it has to be ${WHAT}`);
});

export const pointsOfNoReturn = list(choice(['control-plane']), 'points of no return', { min: 0, max: 1 }).default([]);

/** One version for each minor on the way. */
export function versionsOnTheWay<Item extends z.ZodType>(item: Item) {
  return list(item, 'versions, one for each minor on the way', { min: 1, max: HOPS_MAX });
}

/** `written` may be anything: what is no version is told elsewhere. */
export function checkVersionsOnTheWay(target: unknown, written: readonly unknown[], pathOf: (index: number) => PropertyPath): readonly Problem[] {
  const end = parseKubeVersion(String(target));
  const versions = written.map((version) => parseKubeVersion(String(version)));
  return versions.flatMap((version, index): readonly Problem[] => {
    if (version === null || end === null) return [];
    if (compareKubeVersions(version, end) > 0) return [problem(pathOf(index), 'conflict', `is newer than version, which is the last one; raise version, or take it out`)];
    if (minorDistance(version, end) === 0 && compareKubeVersions(version, end) < 0) return [problem(pathOf(index), 'conflict', 'has the minor of version, and one of them is enough; take it out')];
    const before = versions.slice(0, index).findIndex((other) => other !== null && minorDistance(other, version) === 0);
    return before === -1 ? [] : [problem(pathOf(index), 'conflict', `has the same minor as number ${before + 1}; one version for each minor is enough`)];
  });
}
