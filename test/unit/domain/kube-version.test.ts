import { expect, test } from 'vitest';

import { changeOf, compareKubeVersions, formatKubeVersion, type KubeVersion, minorDistance, parseKubeVersion } from '../../../shared/domain/kube-version.ts';
import { compareReleases, formatRelease, parseRelease } from '../../../shared/domain/release.ts';

function version(text: string): KubeVersion {
  const parsed = parseKubeVersion(text);
  if (parsed === null) throw new Error(`${text} is no version`);
  return parsed;
}

test.each([
  ['v1.34.1', 'v1.34.1'],
  ['1.34.1', 'v1.34.1'],
  ['v1.34.1+k3s1', 'v1.34.1+k3s1'],
  ['v1.34.1-k3s1', 'v1.34.1+k3s1'],
  ['v1.35.0-rc.1', 'v1.35.0-rc.1'],
  ['v1.35.0-rc1+k3s2', 'v1.35.0-rc.1+k3s2'],
  ['v1.36.0-alpha.0', 'v1.36.0-alpha.0'],
  ['1.34.1-1.1', 'v1.34.1'],
  ['1.28.2-00', 'v1.28.2'],
  ['1.35.0~rc.1-1.1', 'v1.35.0-rc.1'],
  ['1.34.1-150500.1.1', 'v1.34.1'],
])('%s is read as %s', (text, formatted) => {
  expect(formatKubeVersion(version(text))).toBe(formatted);
});

test.each(['', 'v1.34', '1.34.1.2', 'v1.34.1-eks-113cf36', 'v1.34.1+rke2r1', 'v1.34.1 ', ' v1.34.1', 'latest', 'v1.34.x', '1.34.1-1.1+b2', 'v01.34.1\n'])('%j is no version', (text) => {
  expect(parseKubeVersion(text)).toBeNull();
});

test('versions in their order', () => {
  const order = ['v1.33.9+k3s9', 'v1.34.0-alpha.2', 'v1.34.0-beta.0', 'v1.34.0-rc.0', 'v1.34.0-rc.1', 'v1.34.0-rc.1+k3s1', 'v1.34.0', 'v1.34.0+k3s1', 'v1.34.0+k3s2', 'v1.34.2', 'v1.34.10', 'v2.0.0'];
  expect(order.map(version).toReversed().toSorted(compareKubeVersions).map(formatKubeVersion)).toEqual(order);
});

test.each([
  ['v1.33.4', 'v1.33.4', 'none', 0],
  ['1.33.4-1.1', 'v1.33.4', 'none', 0],
  ['v1.33.4', 'v1.33.5', 'patch', 0],
  ['v1.33.4+k3s1', 'v1.33.4+k3s2', 'patch', 0],
  ['v1.34.0-rc.0', 'v1.34.0', 'patch', 0],
  ['v1.33.4', 'v1.34.0', 'minor', 1],
  ['v1.33.4', 'v1.35.0', 'skip', 2],
  ['v1.33.4', 'v2.0.0', 'skip', Infinity],
  ['v1.33.4', 'v1.33.3', 'back', 0],
  ['v1.34.0', 'v1.33.9', 'back-minor', -1],
  ['v2.0.0', 'v1.99.9', 'back-minor', -Infinity],
] as const)('%s -> %s is %s, %d minors', (from, to, change, minors) => {
  expect(changeOf(version(from), version(to))).toBe(change);
  expect(minorDistance(version(from), version(to))).toBe(minors);
});

test.each([
  ['3.5.32', '3.5.32'],
  ['3.6.4-0', '3.6.4'],
  ['v2.2.0-beta.1', '2.2.0'],
  ['1.7.24~ds1-6+b4', '1.7.24'],
  ['5:28.3.2-1~debian.13~trixie', '28.3.2'],
  ['1.21', '1.21.0'],
  ['1.21-2', '1.21.0'],
])('the release in %s is %s', (text, release) => {
  const parsed = parseRelease(text);
  expect(parsed === null ? null : formatRelease(parsed)).toBe(release);
});

test.each(['', 'latest', '3', '3.', '1.2.3.4', 'a1.2', '1.2345678.1'])('there is no release in %j', (text) => {
  expect(parseRelease(text)).toBeNull();
});

test('releases are compared as numbers', () => {
  const releases = ['3.5.9', '3.5.32', '3.6.0', '10.0.0'].map((text) => parseRelease(text));
  expect(releases.toReversed().toSorted((a, b) => (a === null || b === null ? 0 : compareReleases(a, b)))).toEqual(releases);
});
