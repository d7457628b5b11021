import { fromUnpadded, type Stanza, unpadded } from './age-stanza.ts';

/** A stanza as a text of one line: as it stands in a header, with its body behind a space. */
export const STANZA_LINE_PATTERN = /^X25519 [A-Za-z0-9+/]{43} [A-Za-z0-9+/]{43}$/;

export function stanzaLine({ args, body }: Stanza): string {
  return [...args, unpadded(body)].join(' ');
}

/** @returns null where it is none. */
export function parseStanzaLine(line: string): Stanza | null {
  const args = line.split(' ');
  const body = STANZA_LINE_PATTERN.test(line) ? fromUnpadded(args.pop() ?? '') : null;
  return body === null ? null : { args, body };
}
