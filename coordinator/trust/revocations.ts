import { z } from 'zod';

import type { EventStore } from '../ports/event-store.ts';
import { updateRecord } from './update-record.ts';

const REVOKED_PREFIX = 'revoked/';

const RevocationSchema = z.object({
  /** Lower-case hex: a certificate's serial, an enrollment (all its certificates), or a key id. */
  id: z.string().regex(/^[0-9a-f]{8,64}$/),
  kind: z.enum(['certificate', 'enrollment', 'key']),
  /** For people: whose it was. */
  subject: z.string(),
  why: z.string(),
  by: z.string(),
  revokedUnixMs: z.number(),
});

export type Revocation = Readonly<z.infer<typeof RevocationSchema>>;

/** Final: the first word stands, and nothing takes it back. Publish the trust document afterwards. */
export async function revoke(store: EventStore, revocation: Revocation): Promise<void> {
  RevocationSchema.parse(revocation);
  await updateRecord(store, REVOKED_PREFIX + revocation.id, (value) => ({ write: value === null ? revocation : null, result: undefined }));
}

export async function findRevocation(store: EventStore, id: string): Promise<Revocation | null> {
  const record = await store.getRecord(REVOKED_PREFIX + id);
  return record === null ? null : RevocationSchema.parse(record.value);
}

export async function listRevocations(store: EventStore): Promise<readonly Revocation[]> {
  return (await store.listRecords(REVOKED_PREFIX)).map(({ value }) => RevocationSchema.parse(value));
}
