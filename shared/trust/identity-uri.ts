import { NODE_NAME_PATTERN, type FleetName, type NodeName } from '../domain/ids.ts';

export type OperatorRole = 'viewer' | 'operator' | 'admin';

/** Whom a certificate names. Nodes and operators never work in each other's place. */
export type Identity =
  | { readonly kind: 'node'; readonly fleet: FleetName; readonly name: NodeName }
  | { readonly kind: 'operator'; readonly fleet: FleetName; readonly role: OperatorRole; readonly name: string };

/** Part of record keys and of URIs; `root@local`, the identity of the Unix socket, can therefore never be issued. */
export const OPERATOR_NAME_PATTERN = /^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$/;

/** A fleet is named as a node is. */
const FLEET_NAME_PATTERN = NODE_NAME_PATTERN;

const ROLES: readonly string[] = ['viewer', 'operator', 'admin'] satisfies OperatorRole[];

/** The one URI in a certificate's subject alternative name. */
export function formatIdentityUri(identity: Identity): string {
  return identity.kind === 'node'
    ? `farrier://${identity.fleet}/node/${identity.name}`
    : `farrier://${identity.fleet}/operator/${identity.role}/${identity.name}`;
}

/** @returns null for whatever formatIdentityUri would not have written. */
export function parseIdentityUri(uri: string): Identity | null {
  const segments = /^farrier:\/\/(.+)$/.exec(uri)?.[1]?.split('/') ?? [];
  const [fleet = '', kind, first = '', second = ''] = segments;
  if (!FLEET_NAME_PATTERN.test(fleet)) return null;
  if (kind === 'node' && segments.length === 3 && NODE_NAME_PATTERN.test(first)) return { kind, fleet, name: first };
  if (kind === 'operator' && segments.length === 4 && isOperatorRole(first) && OPERATOR_NAME_PATTERN.test(second)) {
    return { kind, fleet, role: first, name: second };
  }
  return null;
}

function isOperatorRole(text: string): text is OperatorRole {
  return ROLES.includes(text);
}

/** For people: `node web1 of fleet prod`. */
export function describeIdentity(identity: Identity): string {
  return identity.kind === 'node'
    ? `node ${identity.name} of fleet ${identity.fleet}`
    : `operator ${identity.name} (${identity.role}) of fleet ${identity.fleet}`;
}
