import type { Random } from '../../shared/ports/random.ts';

/** 126 random bits as 32 hex digits; positive and of full length, so that every tool prints the same text (RFC 5280 4.1.2.2). */
export function newSerial(random: Random): string {
  const bytes = Buffer.from(random.bytes(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}
