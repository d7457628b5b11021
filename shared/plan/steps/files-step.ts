import type { z } from 'zod';

import { ACCOUNT_NAME_PATTERN, FILE_CONTENT_MAX_BYTES, FILE_PATH_PATTERN, FILES_CONTENT_MAX_BYTES, FILES_MAX } from '../../domain/step-limits.ts';
import type { FilesSpec, ManagedFile } from '../../domain/steps/files-spec.ts';
import { refusedPath } from '../../domain/steps/refused-path.ts';
import { type Complaints, field } from '../field.ts';
import { yesOrNo } from '../flag-field.ts';
import { entryOf, itemsOf } from '../loose.ts';
import { type Problem, problem, type PropertyPath } from '../problem.ts';
import { quote } from '../quote.ts';
import { expected, list, section } from '../section.ts';
import { choice, name } from '../text-fields.ts';
import { stepTimeout } from './step-timeout.ts';

const CONTENT = 'the text of the file; write `content: |` and the lines below it';
const BASE64 = 'the bytes of the file in base64, as `base64 -w0 FILE` prints them';
const MODE = 'its permissions in octal digits and quotes, as "0644"';
const ONE_OF = ['content', 'base64', 'absent'] as const;

const path = field((input, { stop }): string => {
  if (typeof input !== 'string') return stop(input === undefined ? 'missing' : 'wrong-type', expected(input, 'an absolute path'));
  if (!FILE_PATH_PATTERN.test(input)) return stop('bad-name', `is ${quote(input)}; it has to be an absolute path without "//", "." and ".." in it`);
  const refused = refusedPath(input);
  return refused === '' ? input : stop('not-allowed', `is ${quote(input)}, which no plan may write: ${refused}`);
});

const mode = field((input, { stop }): number => {
  // YAML 1.2 reads 0644 as the number 644: what was meant is known only to the writer.
  if (typeof input !== 'string') return stop('wrong-type', `${expected(input, MODE)}`);
  return /^0?[0-7]{3}$/.test(input) ? Number.parseInt(input, 8) : stop('out-of-range', `is ${quote(input)}; it has to be ${MODE}, without set-user-ID, set-group-ID and sticky bits`);
});

const account = name(ACCOUNT_NAME_PATTERN, 'a name of at most 32 lower-case letters, digits, "_" and "-"');

const entry = section({
  path,
  absent: yesOrNo().default(false),
  content: bytes(CONTENT, (text) => Buffer.from(text)).optional(),
  base64: bytes(BASE64, fromBase64).optional(),
  mode: mode.default(0o644),
  owner: account.default('root'),
  group: account.default('root'),
});

export const driftPolicy = choice(['refuse', 'overwrite']).default('refuse');

export const filesSection = section({
  manage: list(entry, 'files', { min: 1, max: FILES_MAX }),
  onDrift: driftPolicy,
  timeout: stepTimeout.default(60_000),
});

export function compileFiles({ manage, onDrift, timeout }: z.infer<typeof filesSection>, nameIt: (wanted: string) => string): FilesSpec {
  return { kind: 'files', name: nameIt('files'), timeoutMs: timeout, files: manage.map(compileFile), onDrift };
}

function compileFile({ path: at, absent, content, base64, mode: bits, owner, group }: z.infer<typeof entry>): ManagedFile {
  if (absent) return { path: at, state: 'absent' };
  return { path: at, state: 'present', contentBase64: (content ?? base64 ?? Buffer.alloc(0)).toString('base64'), mode: bits, owner, group };
}

/** What no single file shows by itself. */
export function checkFiles(files: unknown, at: PropertyPath): readonly Problem[] {
  const entries = itemsOf(entryOf(files, 'manage'));
  const first = new Map<unknown, number>();
  const found: Problem[] = [];
  for (const [index, one] of entries.entries()) {
    const here = [...at, 'manage', index];
    const written = entryOf(one, 'path');
    const before = first.get(written);
    if (typeof written === 'string' && before !== undefined) found.push(problem([...here, 'path'], 'duplicate-name', `${quote(written)} is already managed by entry ${before + 1} of this step; keep one of them`));
    else first.set(written, index);
    found.push(...checkEntry(one, here));
  }
  const size = entries.reduce<number>((sum, one) => sum + lengthOf(entryOf(one, 'content')) + (lengthOf(entryOf(one, 'base64')) * 3) / 4, 0);
  if (size > FILES_CONTENT_MAX_BYTES) found.push(problem([...at, 'manage'], 'too-large', `holds ${Math.ceil(size / 1024)} KiB; ${FILES_CONTENT_MAX_BYTES / 1024} KiB is the limit of one step: make it several`));
  return found;
}

function checkEntry(one: unknown, here: PropertyPath): readonly Problem[] {
  const absent = entryOf(one, 'absent') === true;
  const given = ONE_OF.filter((key) => (key === 'absent' ? absent : entryOf(one, key) !== undefined));
  if (typeof one !== 'object' || one === null) return [];
  if (given.length === 0) return [problem(here, 'missing', 'says nothing of what is to be there; give it content, base64 or absent: true')];
  if (given.length > 1) return [problem(here, 'conflict', `has ${given.join(' and ')}; keep one of them`)];
  const idle = absent ? ['mode', 'owner', 'group'].filter((key) => entryOf(one, key) !== undefined) : [];
  return idle.map((key) => problem([...here, key], 'conflict', 'says how a file is that is to be absent; take it out'));
}

function lengthOf(text: unknown): number {
  return typeof text === 'string' ? Buffer.byteLength(text) : 0;
}

function bytes(what: string, read: (text: string, complaints: Complaints) => Buffer) {
  return field((input, complaints): Buffer => {
    // An empty file is a file.
    if (typeof input !== 'string') return complaints.stop(input === null ? 'empty' : 'wrong-type', expected(input, what));
    const content = read(input, complaints);
    if (content.length > FILE_CONTENT_MAX_BYTES) complaints.stop('too-large', `has ${Math.ceil(content.length / 1024)} KiB; ${FILE_CONTENT_MAX_BYTES / 1024} KiB is the limit of one file: put it into a package`);
    return content;
  });
}

function fromBase64(text: string, { stop }: Complaints): Buffer {
  const joined = text.replaceAll(/\s/g, '');
  const content = Buffer.from(joined, 'base64');
  // Buffer skips what is no base64: what it read must be what was written.
  return content.toString('base64') === joined ? content : stop('wrong-type', `is ${quote(text.slice(0, 40))}; it has to be ${BASE64}`);
}
