import { expect, test } from 'vitest';

import { parseKubeVersion } from '../../../shared/domain/kube-version.ts';
import { type ClusterVersions, type Component, skewProblems } from '../../../shared/domain/skew.ts';

type Written = { readonly [Role in keyof ClusterVersions]?: readonly string[] };

function cluster(written: Written): ClusterVersions {
  const components = (role: keyof ClusterVersions): readonly Component[] =>
    (written[role] ?? []).map((text, index) => {
      const version = parseKubeVersion(text);
      if (version === null) throw new Error(`${text} is no version`);
      return { name: `${role.slice(0, -1)}-${index + 1}`, version };
    });
  return { apiservers: components('apiservers'), controllers: components('controllers'), kubelets: components('kubelets'), proxies: components('proxies'), kubectls: components('kubectls') };
}

const CASES: readonly (readonly [string, Written, readonly string[]])[] = [
  ['no API server, no rule', { kubelets: ['v1.40.0'] }, []],
  ['all of one version', { apiservers: ['v1.34.1'], controllers: ['v1.34.1'], kubelets: ['v1.34.1'], proxies: ['v1.34.1'], kubectls: ['v1.34.1'] }, []],
  ['API servers one minor apart', { apiservers: ['v1.34.1', 'v1.33.0'] }, []],
  ['API servers two minors apart', { apiservers: ['v1.35.1', 'v1.34.0', 'v1.33.0'] }, ['apiservers-apart apiserver-3']],
  ['another major', { apiservers: ['v2.0.0', 'v1.99.0'] }, ['apiservers-apart apiserver-2']],
  ['a kubelet of a newer patch', { apiservers: ['v1.34.1'], kubelets: ['v1.34.9'] }, []],
  ['a kubelet of a newer minor', { apiservers: ['v1.34.1'], kubelets: ['v1.35.0'] }, ['newer-than-apiserver apiserver-1']],
  ['"not newer" is measured on the oldest', { apiservers: ['v1.35.0', 'v1.34.1'], kubelets: ['v1.35.0'] }, ['newer-than-apiserver apiserver-2']],
  ['a kubelet three minors older', { apiservers: ['v1.34.1'], kubelets: ['v1.31.0'] }, []],
  ['a kubelet four minors older', { apiservers: ['v1.34.1'], kubelets: ['v1.30.0'] }, ['too-old-for-apiserver kubelet-1']],
  ['"how much older" is measured on the newest', { apiservers: ['v1.34.1', 'v1.35.0'], kubelets: ['v1.31.0'] }, ['too-old-for-apiserver kubelet-1']],
  ['a kubelet 1.25 three minors older', { apiservers: ['v1.28.0'], kubelets: ['v1.25.0'] }, []],
  ['a kubelet 1.24 two minors older', { apiservers: ['v1.26.0'], kubelets: ['v1.24.0'] }, []],
  ['a kubelet 1.24 three minors older', { apiservers: ['v1.27.0'], kubelets: ['v1.24.17'] }, ['too-old-for-apiserver kubelet-1']],
  ['a kube-proxy as a kubelet', { apiservers: ['v1.34.0'], proxies: ['v1.31.0', 'v1.30.0', 'v1.35.0'] }, ['too-old-for-apiserver proxie-2', 'newer-than-apiserver apiserver-1']],
  ['a controller one minor older', { apiservers: ['v1.34.0'], controllers: ['v1.33.0'] }, []],
  ['a controller two minors older', { apiservers: ['v1.34.0'], controllers: ['v1.32.0'] }, ['too-old-for-apiserver controller-1']],
  ['a controller that is newer', { apiservers: ['v1.34.0'], controllers: ['v1.35.0'] }, ['newer-than-apiserver apiserver-1']],
  ['a kubectl one minor either way', { apiservers: ['v1.34.0'], kubectls: ['v1.33.0', 'v1.35.0'] }, []],
  ['a kubectl two minors either way', { apiservers: ['v1.34.0'], kubectls: ['v1.32.0', 'v1.36.0'] }, ['too-old-for-apiserver kubectl-1', 'newer-than-apiserver apiserver-1']],
  ['mixed API servers narrow a kubectl', { apiservers: ['v1.34.0', 'v1.35.0'], kubectls: ['v1.33.0', 'v1.36.0'] }, ['too-old-for-apiserver kubectl-1', 'newer-than-apiserver apiserver-1']],
];

test.each(CASES)('%s', (_title, written, problems) => {
  expect(skewProblems(cluster(written)).map(({ code, object }) => `${code} ${object}`)).toEqual(problems);
});

test('a problem says cause and remedy', () => {
  const messages = skewProblems(cluster({ apiservers: ['v1.36.0', 'v1.34.1'], kubelets: ['v1.32.3'], kubectls: ['v1.36.0'] })).map(({ message }) => message);
  expect(messages).toEqual([
    'apiserver-2 (v1.34.1) and apiserver-1 (v1.36.0) are 2 minors apart, the version skew policy allows 1: upgrade the older one first',
    'kubelet-1 (v1.32.3) is 4 minors older than apiserver-1 (v1.36.0), the version skew policy allows 3: upgrade kubelet-1 first',
    'kubectl-1 (v1.36.0) is newer than apiserver-2 (v1.34.1), which may be 1 minor older at most: upgrade the API server first',
  ]);
});
