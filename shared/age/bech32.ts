import { type Failure, failure } from '../trust/failure.ts';

const CHARSET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const CHECKSUM_LENGTH = 6;
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

export type Bech32Failure = Failure<'not-bech32' | 'mixed-case' | 'wrong-checksum'>;

/** BIP 173, without its limit on the length, as age uses it. The prefix is in lower case, and so is the result. */
export function encodeBech32(prefix: string, bytes: Uint8Array): string {
  const data = regroup(bytes, 8, 5, true) ?? [];
  const checksum = checksumOf([...expand(prefix), ...data, ...Array.from({ length: CHECKSUM_LENGTH }, () => 0)]) ^ 1;
  const end = Array.from({ length: CHECKSUM_LENGTH }, (_, index) => (checksum >>> (5 * (CHECKSUM_LENGTH - 1 - index))) & 31);
  return `${prefix}1${[...data, ...end].map((value) => CHARSET[value]).join('')}`;
}

/** No message repeats the text: it may be a secret. @returns the prefix in lower case. */
export function decodeBech32(text: string): { readonly ok: true; readonly prefix: string; readonly bytes: Buffer } | Bech32Failure {
  const lower = text.toLowerCase();
  if (text !== lower && text !== text.toUpperCase()) return failure('mixed-case', 'it mixes upper and lower case: copy it again');
  const split = lower.lastIndexOf('1');
  const prefix = lower.slice(0, Math.max(0, split));
  const values = Array.from(lower.slice(split + 1), (character) => CHARSET.indexOf(character));
  if (!/^[!-~]+$/.test(prefix) || values.length < CHECKSUM_LENGTH || values.includes(-1)) return failure('not-bech32', 'it is no Bech32 text: copy it again, whole and without spaces');
  if (checksumOf([...expand(prefix), ...values]) !== 1) return failure('wrong-checksum', 'its checksum is wrong, so a character is: copy it again');
  const bytes = regroup(values.slice(0, -CHECKSUM_LENGTH), 5, 8, false);
  return bytes === null ? failure('not-bech32', 'it does not end at a whole byte: copy it again') : { ok: true, prefix, bytes: Buffer.from(bytes) };
}

function expand(prefix: string): readonly number[] {
  const codes = Array.from(prefix, (character) => character.charCodeAt(0));
  return [...codes.map((code) => code >>> 5), 0, ...codes.map((code) => code & 31)];
}

function checksumOf(values: readonly number[]): number {
  let checksum = 1;
  for (const value of values) {
    const top = checksum >>> 25;
    checksum = ((checksum & 0x1ffffff) << 5) ^ value;
    for (const [bit, constant] of GENERATOR.entries()) if ((top >>> bit) & 1) checksum ^= constant;
  }
  return checksum >>> 0;
}

/** @returns null where bits are left over that are not the padding that they have to be. */
function regroup(values: Iterable<number>, fromBits: number, toBits: number, pad: boolean): readonly number[] | null {
  const mask = (1 << toBits) - 1;
  const groups: number[] = [];
  let held = 0;
  let bits = 0;
  for (const value of values) {
    held = ((held << fromBits) | value) & 0xfff;
    bits += fromBits;
    while (bits >= toBits) {
      bits -= toBits;
      groups.push((held >>> bits) & mask);
    }
  }
  const rest = held & ((1 << bits) - 1);
  if (pad) return bits > 0 ? [...groups, (held << (toBits - bits)) & mask] : groups;
  return bits >= fromBits || rest !== 0 ? null : groups;
}
