/** What enrollment told this host, as identity.json keeps it. */
export interface IdentityFacts {
  readonly fleet: string;
  readonly node: string;
  /** host:port of AgentLink. */
  readonly linkAddress: string;
  /** host:port of Enrollment, where certificates are renewed. */
  readonly enrollAddress: string;
  /** `sha256:<hex>`: the pin that the CA was compared with. */
  readonly caHash: string;
  readonly enrolledUnixMs: number;
}

const FORMAT = 1;

export function writeIdentityFacts(facts: IdentityFacts): string {
  return `${JSON.stringify({ format: FORMAT, ...facts }, null, 2)}\n`;
}

/** @returns null where the text is no identity of a format that this agent knows. */
export function readIdentityFacts(text: string): IdentityFacts | null {
  const value = JSON.parse(text) as Record<string, unknown>;
  const { format, fleet, node, linkAddress, enrollAddress, caHash, enrolledUnixMs } = value;
  if (format !== FORMAT || typeof enrolledUnixMs !== 'number') return null;
  if (typeof fleet !== 'string' || typeof node !== 'string' || typeof caHash !== 'string') return null;
  if (typeof linkAddress !== 'string' || typeof enrollAddress !== 'string') return null;
  return { fleet, node, linkAddress, enrollAddress, caHash, enrolledUnixMs };
}
