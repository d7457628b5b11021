import { randomBytes } from 'node:crypto';

import { writeHeader } from '../../../shared/age/age-header.ts';
import type { Recipient } from '../../../shared/age/age-keys.ts';
import { FILE_KEY_BYTES } from '../../../shared/age/age-stanza.ts';
import { ChunkSealer, NONCE_BYTES, payloadKeyOf } from './age-payload.ts';

/** A few bytes as a whole file of age: `age -d` opens it, without Farrier. */
export function sealText(text: string, recipients: readonly Recipient[]): Buffer {
  const fileKey = randomBytes(FILE_KEY_BYTES);
  const nonce = randomBytes(NONCE_BYTES);
  const sealer = new ChunkSealer(payloadKeyOf(fileKey, nonce));
  return Buffer.concat([writeHeader(fileKey, recipients), nonce, ...sealer.update(Buffer.from(text)), ...sealer.end()]);
}
