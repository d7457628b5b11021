import { compareKubeVersions } from '../../domain/kube-version.ts';
import { type Component, type SkewProblem, skewProblems } from '../../domain/skew.ts';
import type { Member } from './member.ts';

/**
 * What the version skew policy forbids in a cluster at one moment. A control-plane node's own kubelet is measured on the
 * API server beside it, as `kubeadm upgrade` has it: it is restarted before the next control-plane node is upgraded.
 */
export function findSkew(members: readonly Member[]): readonly SkewProblem[] {
  const apiservers = members.flatMap((member): readonly Component[] => (member.apiserver === null ? [] : [{ name: `the API server of ${member.name}`, version: member.apiserver }]));
  const [newest] = apiservers.toSorted((a, b) => compareKubeVersions(b.version, a.version));
  const nothing = { controllers: [], kubelets: [], proxies: [], kubectls: [] };
  const kubelet = ({ name, version }: { name: string; version: Member['kubelet'] }): Component => ({ name: `the kubelet of ${name}`, version });
  const workers = members.filter(({ apiserver }) => apiserver === null);
  const own = members.flatMap(({ name, kubelet: version, apiserver }) =>
    apiserver === null || newest === undefined
      ? []
      : [
          ...skewProblems({ ...nothing, apiservers: [{ name: `the API server of ${name}`, version: apiserver }], kubelets: [kubelet({ name, version })] }),
          ...skewProblems({ ...nothing, apiservers: [newest], kubelets: [kubelet({ name, version })] }).filter(({ code }) => code === 'too-old-for-apiserver'),
        ],
  );
  const shared = skewProblems({ ...nothing, apiservers, kubelets: workers.map(({ name, kubelet: version }) => kubelet({ name, version })) });
  return [...shared, ...own];
}
