import { ApiError } from './api-status.ts';
import type { ResourcePath } from './resources.ts';

/** Who calls: the common name and the organisations of a client certificate. */
export interface User {
  readonly name: string;
  readonly groups: readonly string[];
}

export const ANONYMOUS: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

/** Bound to cluster-admin: what kubeadm calls super-admin.conf, admin.conf, and the components that the stand-ins do not take apart. */
const ADMIN_GROUPS = ['system:masters', 'kubeadm:cluster-admins'];
const ADMIN_USERS = ['system:kube-controller-manager', 'system:kube-scheduler', 'system:k3s-controller'];

/**
 * The Node authorizer and NodeRestriction, as far as a kubelet's own credentials go: its node, its lease, its pods, and
 * reading ConfigMaps. Since 1.34 (AuthorizeNodeWithSelectors) it cannot even list other nodes.
 * https://kubernetes.io/docs/reference/access-authn-authz/node/
 * @throws ApiError 403
 */
export function authorize(user: User, verb: string, path: ResourcePath): void {
  if (user.groups.some((group) => ADMIN_GROUPS.includes(group)) || ADMIN_USERS.includes(user.name)) return;
  if (user.groups.includes('system:nodes') && isAllowedToNode(user.name.replace(/^system:node:/, ''), verb, path)) return;
  const { resource, namespace, name } = path;
  const group = resource.groupVersion === 'v1' ? '' : (resource.groupVersion.split('/')[0] ?? '');
  const scope = namespace === null ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const object = name === null ? '' : ` "${name}"`;
  throw new ApiError(403, 'Forbidden', `${resource.qualified}${object} is forbidden: User "${user.name}" cannot ${verb} resource "${resource.name}" in API group "${group}" ${scope}`);
}

function isAllowedToNode(node: string, verb: string, { resource, namespace, name }: ResourcePath): boolean {
  switch (resource.name) {
    case 'nodes': return (name === node && ['get', 'update', 'patch'].includes(verb)) || verb === 'create';
    case 'leases': return namespace === 'kube-node-lease' && (name === node || verb === 'create');
    case 'pods': return true;
    // kubeadm's own roles (kubeadm:nodes-kubeadm-config, kubeadm:kubelet-config), and the ConfigMaps of a node's pods.
    case 'configmaps': return verb === 'get';
    default: return false;
  }
}
