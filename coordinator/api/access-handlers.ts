import type { Clock } from '../../shared/ports/clock.ts';
import type { Random } from '../../shared/ports/random.ts';
import { OPERATOR_NAME_PATTERN, type OperatorRole } from '../../shared/trust/identity-uri.ts';
import type { CreateTokenResponse, FleetHandlers } from '../../shared/wire/messages.ts';
import type { EventStore } from '../ports/event-store.ts';
import { createToken } from '../trust/create-token.ts';
import type { FleetKeys } from '../trust/fleet-keys.ts';
import { issueOperator, listOperators, removeOperator } from '../trust/operator-registry.ts';
import { listTokens, revokeToken } from '../trust/revoke-token.ts';
import { badRequest, notFound } from './api-error.ts';
import { type Gate, unary } from './unary.ts';

export interface AccessParts {
  readonly store: EventStore;
  readonly keys: FleetKeys;
  readonly clock: Clock;
  readonly random: Random;
  /** host:port as others reach them. */
  readonly enrollAddress: string;
  readonly apiAddress: string;
}

/** What stands before the dot of a token. */
const TOKEN_ID_PATTERN = /^[0-9a-f]{12}$/u;

const ROLES: Readonly<Record<string, OperatorRole>> = { ROLE_VIEWER: 'viewer', ROLE_OPERATOR: 'operator', ROLE_ADMIN: 'admin' };

/** Who may come in: hosts by token, people by certificate. */
export function accessHandlers(gate: Gate, parts: AccessParts): Pick<FleetHandlers, 'CreateToken' | 'ListTokens' | 'RevokeToken' | 'CreateOperator' | 'ListOperators' | 'RemoveOperator'> {
  return {
    CreateToken: unary(gate, { role: 'admin', action: 'token create', object: ({ names }) => names, detail: (request, response) => describeToken(request, response) }, async (request, who) => {
      const { uses, ttlMs, labels, names, cluster, zone, site } = request;
      const made = await createToken(parts, { uses, ttlMs, labels, names, cluster, zone, site, createdBy: who.name });
      if (!made.ok) throw badRequest(made.message);
      return { token: made.token, caHash: parts.keys.ca.hash, enrollAddress: parts.enrollAddress, expiresUnixMs: made.expiresUnixMs };
    }),

    ListTokens: unary(gate, { role: 'viewer', action: null }, async () => ({
      tokens: (await listTokens(parts.store)).map(({ id, uses, used, expiresUnixMs, names, labels, createdBy }) => ({ id, uses, used, expiresUnixMs, names, labels, createdBy })),
    })),

    RevokeToken: unary(gate, { role: 'admin', action: 'token revoke', object: ({ id }) => id, detail: ({ why }) => why }, async ({ id }) => {
      if (!TOKEN_ID_PATTERN.test(id) || !(await revokeToken(parts.store, id))) throw notFound('token', id, 'farrier token ls');
      return {};
    }),

    ListOperators: unary(gate, { role: 'viewer', action: null }, async () => ({
      operators: (await listOperators(parts.store)).map(({ name, role, notAfterUnixMs }) => ({ name, role, expiresUnixMs: notAfterUnixMs })),
    })),

    RemoveOperator: unary(gate, { role: 'admin', action: 'operator remove', object: ({ name }) => name, detail: ({ why }) => why }, async ({ name }) => {
      if (!OPERATOR_NAME_PATTERN.test(name) || !(await removeOperator(parts.store, name))) throw notFound('operator', name, 'farrier operator ls');
      return {};
    }),

    CreateOperator: unary(gate, { role: 'admin', action: 'operator create', object: ({ name }) => name, detail: ({ role }) => ROLES[role] ?? '' }, async ({ name, role, csrPem }) => {
      const known = ROLES[role];
      if (known === undefined) throw badRequest('give the operator a role: viewer, operator or admin');
      const issued = await issueOperator(parts, { name, role: known, csrPem });
      if (!issued.ok) throw badRequest(issued.message);
      const { fleet, ca } = parts.keys;
      return { certificatePem: issued.certificatePem, caPem: ca.certificatePem, fleet, apiAddress: parts.apiAddress };
    }),
  };
}

interface TokenSettings {
  readonly uses: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly cluster: string;
  readonly zone: string;
  readonly site: string;
}

function describeToken({ uses, labels, cluster, zone, site }: TokenSettings, response: CreateTokenResponse | null): string {
  const places = Object.entries({ ...labels, cluster, zone, site }).filter(([, value]) => value !== '');
  const until = response === null ? [] : [`until ${new Date(Number(response.expiresUnixMs)).toISOString()}`];
  return [`uses=${uses}`, ...until, ...places.map(([key, value]) => `${key}=${value}`)].join(' ');
}
