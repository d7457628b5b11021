import { createHash } from 'node:crypto';

import type { Digest } from '../domain/ids.ts';

export function digestOf(bytes: Uint8Array): Digest {
  return createHash('sha256').update(bytes).digest('hex');
}
