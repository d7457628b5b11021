import { formatKubeVersion, type KubeVersion, minorDistance } from './kube-version.ts';

/** One running program; `name` says which: `kubelet of worker-3`. */
export interface Component {
  readonly name: string;
  readonly version: KubeVersion;
}

/** The programs of one cluster at one moment. */
export interface ClusterVersions {
  readonly apiservers: readonly Component[];
  /** kube-controller-manager, kube-scheduler, cloud-controller-manager. */
  readonly controllers: readonly Component[];
  readonly kubelets: readonly Component[];
  readonly proxies: readonly Component[];
  readonly kubectls: readonly Component[];
}

export interface SkewProblem {
  readonly code: 'apiservers-apart' | 'newer-than-apiserver' | 'too-old-for-apiserver';
  /** The program that must be changed first. */
  readonly object: string;
  /** Cause and remedy. */
  readonly message: string;
}

/** A kubelet and a kube-proxy may be this much older than the newest API server; before 1.25 they could less. */
const NODE_BEHIND_MAX = 3;
const NODE_BEHIND_MAX_BEFORE_1_25 = 2;
const CONTROLLER_BEHIND_MAX = 1;
const KUBECTL_APART_MAX = 1;
const APISERVERS_APART_MAX = 1;

/**
 * Everything in a cluster that the version skew policy forbids. Only majors and minors count. Several API servers narrow
 * what may stand beside them: "not newer" is measured on the oldest, "how much older" on the newest. What the policy says
 * of kube-proxy beside a kubelet (3 minors either way) follows from what it says of each beside the API servers.
 *
 * https://kubernetes.io/releases/version-skew-policy/
 */
export function skewProblems(versions: ClusterVersions): readonly SkewProblem[] {
  const [oldest, newest] = endsOf(versions.apiservers);
  if (oldest === undefined || newest === undefined) return [];
  const judge = (components: readonly Component[], aheadMax: number, behindMax: (version: KubeVersion) => number): readonly SkewProblem[] =>
    components.flatMap((component) => [...ahead(component, oldest, aheadMax), ...behind(component, newest, behindMax(component.version))]);
  return [
    ...apart(oldest, newest),
    ...judge(versions.controllers, 0, () => CONTROLLER_BEHIND_MAX),
    ...judge(versions.kubelets, 0, nodeBehindMax),
    ...judge(versions.proxies, 0, nodeBehindMax),
    ...judge(versions.kubectls, KUBECTL_APART_MAX, () => KUBECTL_APART_MAX),
  ];
}

/** How many minors older than the API server a kubelet (or kube-proxy) of this version may be. */
export function nodeBehindMax(version: KubeVersion): number {
  return version.major === 1 && version.minor < 25 ? NODE_BEHIND_MAX_BEFORE_1_25 : NODE_BEHIND_MAX;
}

function apart(oldest: Component, newest: Component): readonly SkewProblem[] {
  const minors = minorDistance(oldest.version, newest.version);
  if (minors <= APISERVERS_APART_MAX) return [];
  const message = `${written(oldest)} and ${written(newest)} are ${minors} minors apart, the version skew policy allows ${APISERVERS_APART_MAX}: upgrade the older one first`;
  return [{ code: 'apiservers-apart', object: oldest.name, message }];
}

function ahead(component: Component, oldest: Component, aheadMax: number): readonly SkewProblem[] {
  if (minorDistance(oldest.version, component.version) <= aheadMax) return [];
  const allowed = aheadMax === 0 ? 'which may not be older' : `which may be ${aheadMax} minor older at most`;
  return [{ code: 'newer-than-apiserver', object: oldest.name, message: `${written(component)} is newer than ${written(oldest)}, ${allowed}: upgrade the API server first` }];
}

function behind(component: Component, newest: Component, behindMax: number): readonly SkewProblem[] {
  const minors = minorDistance(component.version, newest.version);
  if (minors <= behindMax) return [];
  const message = `${written(component)} is ${minors} minors older than ${written(newest)}, the version skew policy allows ${behindMax}: upgrade ${component.name} first`;
  return [{ code: 'too-old-for-apiserver', object: component.name, message }];
}

function written({ name, version }: Component): string {
  return `${name} (${formatKubeVersion(version)})`;
}

/** The oldest and the newest; nothing where there is none. */
function endsOf(components: readonly Component[]): readonly [Component?, Component?] {
  const [first, ...others] = components.toSorted((a, b) => minorDistance(b.version, a.version));
  return first === undefined ? [] : [first, others.at(-1) ?? first];
}
