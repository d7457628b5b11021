/** One kind of object that the stand-in of the API server knows. */
export interface Resource {
  readonly name: string;
  readonly kind: string;
  /** As in apiVersion. */
  readonly groupVersion: string;
  /** For messages: `nodes`, `leases.coordination.k8s.io`. */
  readonly qualified: string;
  readonly isNamespaced: boolean;
  /** Below /registry/, as the real API server keeps it in etcd. */
  readonly storeFolder: string;
}

function core(name: string, kind: string, isNamespaced: boolean, storeFolder = name): Resource {
  return { name, kind, groupVersion: 'v1', qualified: name, isNamespaced, storeFolder };
}

const RESOURCES: readonly Resource[] = [
  core('nodes', 'Node', false, 'minions'),
  core('pods', 'Pod', true),
  core('configmaps', 'ConfigMap', true),
  core('namespaces', 'Namespace', false),
  { name: 'leases', kind: 'Lease', groupVersion: 'coordination.k8s.io/v1', qualified: 'leases.coordination.k8s.io', isNamespaced: true, storeFolder: 'leases' },
];

/** What a path names: one object, or a list of them; `namespace` is null where it is of all, or of none. */
export interface ResourcePath {
  readonly resource: Resource;
  readonly namespace: string | null;
  readonly name: string | null;
  readonly subresource: string | null;
}

/** null for a path of another form or of a resource that is not known. */
export function parseResourcePath(path: string): ResourcePath | null {
  const match = /^\/(?:api\/(v1)|apis\/([^/]+\/[^/]+))\/(.+)$/.exec(path);
  if (match === null) return null;
  const groupVersion = match[1] ?? match[2] ?? '';
  const parts = (match[3] ?? '').split('/').map(decodeURIComponent);
  const namespace = parts[0] === 'namespaces' && parts.length > 2 ? (parts[1] ?? null) : null;
  const [name, object, subresource, ...more] = namespace === null ? parts : parts.slice(2);
  const resource = RESOURCES.find((one) => one.name === name && one.groupVersion === groupVersion);
  if (resource === undefined || more.length > 0 || (namespace !== null && !resource.isNamespaced)) return null;
  return { resource, namespace, name: object ?? null, subresource: subresource ?? null };
}

export function storeKey({ resource, namespace, name }: ResourcePath): string {
  return `/registry/${resource.storeFolder}/${namespace === null ? '' : `${namespace}/`}${name ?? ''}`;
}
