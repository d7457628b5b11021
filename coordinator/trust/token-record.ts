import { z } from 'zod';

export const TOKEN_PREFIX = 'token/';

const TokenSchema = z.object({
  id: z.string(),
  /** sha256 in hex. The secret itself is shown once and kept nowhere. */
  secretHash: z.string(),
  uses: z.number(),
  used: z.number(),
  /** Keys that used it lately: a host that lost the answer asks again without a further use. */
  usedBy: z.array(z.string()),
  expiresUnixMs: z.number(),
  names: z.string(),
  labels: z.record(z.string(), z.string()),
  cluster: z.string(),
  zone: z.string(),
  site: z.string(),
  createdBy: z.string(),
  createdUnixMs: z.number(),
});

export type TokenRecord = Readonly<z.infer<typeof TokenSchema>>;

/** @throws where the store holds something else under this name. */
export function readTokenRecord(value: unknown): TokenRecord {
  return TokenSchema.parse(value);
}
