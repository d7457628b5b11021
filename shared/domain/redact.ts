const MESSAGE_MAX = 500;

/** ECMA-48 control sequences, as colours are made of. */
const TERMINAL_SEQUENCE = new RegExp(`${String.fromCharCode(0x1b)}\\[[0-9;?]*[ -/]*[@-~]`, 'g');

const NAME = String.raw`[A-Za-z0-9_-]{0,32}(?:token|secret|password|passwd|(?:api|private|access|secret|certificate)[_-]?key|client-key-data)`;
const NAMES = `(?:^|[^A-Za-z])${NAME}`;

const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z0-9 ]{1,64}-----[\s\S]*?(?:-----END [A-Z0-9 ]{1,64}-----|$)/g, '[pem]'],
  // The header to its end: what follows the scheme may hold spaces, commas and quotes.
  [/\b((?:proxy-)?authorization\s*[:=]\s*)[^\r\n]+/gi, '$1[redacted]'],
  [/\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi, '$1 [redacted]'],
  // scheme://user:password@host
  [/\b([a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/@]{1,256}@/gi, '$1[redacted]@'],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?/g, '[token]'],
  // Bootstrap tokens of kubeadm and of K3s.
  [/\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g, '[token]'],
  [/\bK10[0-9a-f]{40,}::[^\s]+/g, '[token]'],
  // What opens snapshots.
  [/\bage-secret-key-[a-z0-9-]*/gi, '[age key]'],
  [new RegExp(`(${NAMES}["']?\\s*[=:]\\s*)(["'])(?:(?!\\2)[^\\r\\n])+\\2`, 'gi'), '$1$2[redacted]$2'],
  [new RegExp(`(${NAMES}["']?\\s*[=:]\\s*["']?)[^\\s"',;]{3,}`, 'gi'), '$1[redacted]'],
  // `--token X`: a flag and its value are two arguments.
  [new RegExp(`(--${NAME}["']?\\s+["']?)[^\\s"'-][^\\s"']{2,}`, 'gi'), '$1[redacted]'],
];

/** Takes secrets out of text of any length; lines stay lines. Pure; redacting twice changes nothing. */
export function redact(text: string): string {
  return SECRETS.reduce((clean, [pattern, instead]) => clean.replace(pattern, instead), text);
}

/** What may leave the host: one line, no control characters (they could steer a terminal), at most 500 characters, no secrets. */
export function redactLine(text: string): string {
  // Before the newlines go: a PEM block and a header are known by their lines.
  const flat = redact(text)
    .replace(TERMINAL_SEQUENCE, '')
    .replace(/[\t-\r\u0085\u2028\u2029]+/g, ' ')
    .replace(/[\p{Cc}\p{Cf}]+/gu, '')
    .replace(/ {2,}/g, ' ')
    .trim();
  // Once more: a control character in the middle may have hidden one.
  const line = redact(flat);
  return line.length <= MESSAGE_MAX ? line : `${line.slice(0, MESSAGE_MAX - 1)}…`;
}
