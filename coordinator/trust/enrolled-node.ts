import { z } from 'zod';

import type { NodeRecord } from '../core/world.ts';

export const NODE_PREFIX = 'node/';

const IdentitySchema = z.object({
  /** Carried by every certificate of this enrollment; another one means another host, or the same one made anew. */
  enrollment: z.string(),
  machineId: z.string(),
  /** Id of the token that it came with. */
  token: z.string(),
  /** The newest last, at most CERTIFICATES_KEPT_MAX. */
  certificates: z.array(z.object({ serial: z.string(), keyHash: z.string(), notAfterUnixMs: z.number() })),
});

const place = {
  labels: z.record(z.string(), z.string()),
  cluster: z.string(),
  zone: z.string(),
  site: z.string(),
  enrolledUnixMs: z.number(),
};

const EnrolledNodeSchema = z.object({
  ...place,
  name: z.string(),
  approved: z.boolean(),
  identity: IdentitySchema,
  /** Somebody who enrolled under a name that was taken. Beside the present identity, so that a stolen token stops no running node. */
  pending: z.object({ ...place, identity: IdentitySchema }).nullable(),
});

export type NodeIdentity = Readonly<z.infer<typeof IdentitySchema>>;
export type PendingNode = Readonly<NonNullable<z.infer<typeof EnrolledNodeSchema>['pending']>>;

/** What the record `node/<name>` holds: what decisions look at, and who may speak as this node. */
export interface EnrolledNode extends NodeRecord {
  readonly identity: NodeIdentity;
  readonly pending: PendingNode | null;
}

/** @throws where the store holds something else under this name. */
export function readEnrolledNode(value: unknown): EnrolledNode {
  return EnrolledNodeSchema.parse(value);
}

const CERTIFICATES_KEPT_MAX = 5;

/** A certificate for a key that has one already takes its place, so that a replayed request pushes nothing out. */
export function withCertificate(identity: NodeIdentity, certificate: NodeIdentity['certificates'][number]): NodeIdentity {
  const others = identity.certificates.filter(({ keyHash }) => keyHash !== certificate.keyHash);
  return { ...identity, certificates: [...others, certificate].slice(-CERTIFICATES_KEPT_MAX) };
}

export function hasKey(identity: NodeIdentity, keyHash: string): boolean {
  return identity.certificates.some((certificate) => certificate.keyHash === keyHash);
}
