import fc from 'fast-check';
import { expect, test } from 'vitest';

import { changeOf, compareKubeVersions, formatKubeVersion, type KubeVersion, parseKubeVersion } from '../../../shared/domain/kube-version.ts';
import { type ClusterVersions, type Component, skewProblems } from '../../../shared/domain/skew.ts';

const small = fc.nat({ max: 3 });
const pre = fc.option(fc.record({ stage: fc.constantFrom('alpha', 'beta', 'rc'), number: small }), { nil: null });
const version: fc.Arbitrary<KubeVersion> = fc.record({ major: fc.integer({ min: 1, max: 2 }), minor: small, patch: small, pre, k3s: small });
/** Around the limits of the policy, both of those that hold before 1.25 included. */
const released: fc.Arbitrary<KubeVersion> = fc.record({ major: fc.constant(1), minor: fc.integer({ min: 22, max: 29 }), patch: small, pre: fc.constant(null), k3s: fc.constant(0) });
const components = (name: string, max: number): fc.Arbitrary<readonly Component[]> => fc.array(fc.record({ name: fc.constant(name), version: released }), { maxLength: max });
const cluster: fc.Arbitrary<ClusterVersions> = fc.record({
  apiservers: components('apiserver', 3),
  controllers: components('scheduler', 1),
  kubelets: components('kubelet', 1),
  proxies: fc.constant([]),
  kubectls: fc.constant([]),
});

test('a version is read as it was written', () => {
  fc.assert(
    fc.property(version, (each) => {
      expect(parseKubeVersion(formatKubeVersion(each))).toEqual(each);
    }),
  );
});

test('the order of versions is total, and a change is one thing only', () => {
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      expect(Math.sign(compareKubeVersions(a, b))).toBe(0 - Math.sign(compareKubeVersions(b, a)));
      if (compareKubeVersions(a, b) <= 0 && compareKubeVersions(b, c) <= 0) expect(compareKubeVersions(a, c)).toBeLessThanOrEqual(0);
      const back = changeOf(a, b).startsWith('back');
      expect(back).toBe(compareKubeVersions(b, a) < 0);
    }),
    { numRuns: 1_000 },
  );
});

test('I4: a cluster without a problem holds every line of the skew policy, and one with a problem breaks one', () => {
  let allowed = 0;
  let forbidden = 0;
  fc.assert(
    fc.property(cluster, (versions) => {
      // The policy written a second time, line by line, each program beside each API server.
      const minors = versions.apiservers.map((each) => each.version.minor);
      const holds =
        minors.every((a) => minors.every((b) => Math.abs(a - b) <= 1)) &&
        versions.kubelets.every(({ version: { minor } }) => minors.every((a) => minor <= a && a - minor <= (minor < 25 ? 2 : 3))) &&
        versions.controllers.every(({ version: { minor } }) => minors.every((a) => minor <= a && a - minor <= 1));
      expect(skewProblems(versions).length === 0).toBe(holds);
      if (holds) allowed += 1;
      else forbidden += 1;
    }),
    { numRuns: 5_000, seed: 1 },
  );
  expect(allowed).toBeGreaterThan(500);
  expect(forbidden).toBeGreaterThan(500);
});
