import type { OperatorRole } from '../../shared/trust/identity-uri.ts';

/** Who asks: from a client certificate, or root on the coordinator's own host through the Unix socket. */
export interface Who {
  readonly name: string;
  readonly role: OperatorRole;
}

const RANK: Readonly<Record<OperatorRole, number>> = { viewer: 0, operator: 1, admin: 2 };

export function mayActAs(who: Who, least: OperatorRole): boolean {
  return RANK[who.role] >= RANK[least];
}
