import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

import { type Failure, failure } from '../trust/failure.ts';
import type { Identity, Recipient } from './age-keys.ts';
import { fromUnpadded, type Stanza, unpadded, unwrapFileKey, wrapFileKey } from './age-stanza.ts';

/** A header of a thousand recipients is half of it. */
export const HEADER_MAX_BYTES = 256 * 1024;

const VERSION_LINE = 'age-encryption.org/v1';
const LINE_COLUMNS = 64;
const MAC_BYTES = 32;

/** The textual start of a sealed file: the file key, once for each recipient (https://c2sp.org/age, "Header"). */
export function writeHeader(fileKey: Uint8Array, recipients: readonly Recipient[]): Buffer {
  const stanzas = recipients.map((recipient) => stanzaText(wrapFileKey(fileKey, recipient)));
  const covered = `${VERSION_LINE}\n${stanzas.join('')}---`;
  return Buffer.from(`${covered} ${unpadded(macOf(fileKey, covered))}\n`);
}

/**
 * no-key-fits    none of the identities is among the recipients
 * forged-header  the file key is right and the header was changed
 */
export type HeaderFailure = Failure<'not-sealed' | 'broken-header' | 'no-key-fits' | 'forged-header'>;

/** @returns null where the header does not end in these bytes: give more of them. `sizeBytes` is its length. */
export function readHeader(start: Buffer, identities: readonly Identity[]): { readonly ok: true; readonly fileKey: Buffer; readonly sizeBytes: number } | HeaderFailure | null {
  const known = Math.min(start.length, VERSION_LINE.length + 1);
  if (start.toString('latin1', 0, known) !== `${VERSION_LINE}\n`.slice(0, known)) return failure('not-sealed', `it does not begin with ${VERSION_LINE}: it is no file of age, or of a version that is not known here`);
  const mark = start.indexOf('\n--- ');
  const end = mark === -1 ? -1 : start.indexOf('\n', mark + 1);
  if (end === -1) return start.length <= HEADER_MAX_BYTES ? null : brokenHeader('it is too long');
  const stanzas = parseStanzas(start.toString('latin1', known, mark + 1));
  const mac = fromUnpadded(start.toString('latin1', mark + 5, end));
  if (stanzas === null || stanzas.length === 0 || mac?.length !== MAC_BYTES) return brokenHeader('it is not written as the standard has it');
  const fileKey = findFileKey(stanzas, identities);
  if (!Buffer.isBuffer(fileKey)) return fileKey;
  if (!timingSafeEqual(mac, macOf(fileKey, start.subarray(0, mark + 4)))) return failure('forged-header', 'somebody changed its header after it was sealed: take another copy');
  return { ok: true, fileKey, sizeBytes: end + 1 };
}

export function brokenHeader(why: string): HeaderFailure {
  return failure('broken-header', `its header cannot be read, ${why}: take another copy`);
}

function findFileKey(stanzas: readonly Stanza[], identities: readonly Identity[]): Buffer | HeaderFailure {
  for (const identity of identities) {
    for (const stanza of [...stanzas, ...(identity.beside ?? [])]) {
      const found = unwrapFileKey(stanza, identity);
      if (found === 'broken') return brokenHeader('a recipient in it is none');
      if (found !== 'other') return found;
    }
  }
  return failure('no-key-fits', `it is sealed for ${stanzas.length} recipient(s), and none of the ${identities.length} key(s) given is one of theirs`);
}

function macOf(fileKey: Uint8Array, covered: string | Buffer): Buffer {
  const key = Buffer.from(hkdfSync('sha256', fileKey, Buffer.alloc(0), 'header', 32));
  return createHmac('sha256', key).update(covered).digest();
}

function stanzaText({ args, body }: Stanza): string {
  const text = unpadded(body);
  // The last line is a short one, be it empty.
  const lines = Array.from({ length: Math.floor(text.length / LINE_COLUMNS) + 1 }, (_, index) => text.slice(index * LINE_COLUMNS, (index + 1) * LINE_COLUMNS));
  return `-> ${args.join(' ')}\n${lines.join('\n')}\n`;
}

/** @param text whole lines. @returns null where one is not as the standard has it. */
function parseStanzas(text: string): readonly Stanza[] | null {
  const stanzas: Stanza[] = [];
  const lines = text.split('\n').slice(0, -1);
  for (let at = 0; at < lines.length; ) {
    const args = /^-> ([!-~]+(?: [!-~]+)*)$/.exec(lines[at] ?? '')?.[1]?.split(' ');
    at += 1;
    let last = at;
    while (lines[last]?.length === LINE_COLUMNS) last += 1;
    const short = lines[last];
    if (args === undefined || short === undefined || short.length > LINE_COLUMNS) return null;
    const body = fromUnpadded(lines.slice(at, last + 1).join(''));
    if (body === null) return null;
    stanzas.push({ args, body });
    at = last + 1;
  }
  return stanzas;
}
