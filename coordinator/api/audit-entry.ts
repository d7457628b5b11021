import { createHash } from 'node:crypto';
import { z } from 'zod';

const AuditEntrySchema = z.object({
  /** Within the stream `audit`: 1, 2, 3 ... */
  sequence: z.number(),
  wallUnixMs: z.number(),
  who: z.string(),
  role: z.string(),
  action: z.string(),
  object: z.string(),
  result: z.string(),
  /** Why, or with which settings; empty where there is nothing to say, and in entries from before it was asked for. */
  detail: z.string().default(''),
  hash: z.string(),
});

/** Who did what to what, and how it ended. */
export type AuditEntry = Readonly<z.infer<typeof AuditEntrySchema>>;

export type AuditFacts = Omit<AuditEntry, 'sequence' | 'wallUnixMs' | 'hash' | 'detail'> & { readonly detail?: string };

/** What the first entry builds on. */
export const AUDIT_GENESIS = '0'.repeat(64);

/** sha256 over the hash before and the entry in one fixed form: changing, dropping or reordering an entry breaks every hash after it. */
export function auditHash(previousHash: string, entry: Omit<AuditEntry, 'hash'>): string {
  const { sequence, wallUnixMs, who, role, action, object, result, detail } = entry;
  return createHash('sha256')
    .update(JSON.stringify([previousHash, sequence, wallUnixMs, who, role, action, object, result, ...(detail === '' ? [] : [detail])]))
    .digest('hex');
}

/** @returns null where the store holds something else. */
export function readAuditEntry(value: unknown): AuditEntry | null {
  return AuditEntrySchema.safeParse(value).data ?? null;
}
