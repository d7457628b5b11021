import { createWriteStream } from 'node:fs';
import { lstat, readFile, writeFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

import { createOneFrameCompress } from '../../../shared/files/zstd-one-frame.ts';
import type { FileResult, PackageCall, PackageName } from '../../ports/package-system.ts';
import { stepFailure } from '../../steps/step.ts';
import type { PackageParts } from '../packages/package-parts.ts';
import { mustRun } from './invoke-rpm.ts';
import { type InstalledFile, installedFiles, payloadOf } from './payload.ts';
import { headerOf, leadOf, type SignatureEntry, signatureOf } from './rpm-headers.ts';
import { readRpm } from './rpm-file.ts';
import { storedXz } from './stored-xz.ts';

/** Ends the name of what was packed again. */
export const PACKED = '.packed.rpm';

/** Of the package itself, over its header (rpm's RPMSIGTAG_DSA and RPMSIGTAG_RSA): they stay true, the header is the same. */
const SIGNATURES = [[267, 'DSAHEADER'], [268, 'RSAHEADER']] as const;

/**
 * An installed package as an .rpm: the header that rpm's database keeps whole, and the files as they lie on the disk. A
 * configuration file that a person changed is cut or filled up to the length that the header demands, for as long as the
 * scripts run: the step brings it back whole. Any other file that was changed cannot be told from damage: it is refused.
 */
export async function packAgain(parts: PackageParts, name: PackageName, path: string, call: PackageCall): Promise<FileResult> {
  const rpmName = name.replace(':', '.');
  const ask = (format: string): Promise<string> => mustRun(parts, ['rpm', '--query', '--queryformat', format, '--', rpmName], call);
  const no = (why: string) => stepFailure('prior-unavailable', `no source has the installed version of ${name} any more, and it cannot be packed again: ${why}; give a source that has it`, name);
  const header = headerOf(await ask('%{HEADERIMMUTABLE:base64}').catch(() => ''));
  if (header === null) return no('rpm does not tell its header');
  const files: InstalledFile[] = [];
  for (const file of await installedFiles(ask)) {
    const state = await lstat(file.path).catch(() => null);
    const isWhole = state !== null && (await file.isAsInstalled(state));
    if (!isWhole && !file.isConfig) return no(`${file.path} was changed since it was installed`);
    files.push(isWhole ? file : { ...file, standIn: await standInFor(file) });
  }
  const signatures: SignatureEntry[] = [];
  for (const [tag, word] of SIGNATURES) {
    const text = (await ask(`%{${word}:base64}`)).trim();
    if (text !== '(none)') signatures.push({ tag, data: Buffer.from(text, 'base64') });
  }
  await writeFile(path, Buffer.concat([leadOf(rpmName), signatureOf(header, signatures), header]));
  const how = (await ask('%{PAYLOADCOMPRESSOR}')).trim();
  if (!(await append(payloadOf(files), how, path, call))) return no(`its payload is compressed by ${how}`);
  return { ok: true, file: await readRpm(parts, path, call) };
}

async function standInFor({ path, bytes }: InstalledFile): Promise<Buffer> {
  const content = await readFile(path).catch(() => Buffer.alloc(0));
  return Buffer.concat([content, Buffer.alloc(bytes, '\n')]).subarray(0, bytes);
}

/** Compressed as the header says that it is. @returns false where that way is not known here. */
async function append(payload: AsyncIterable<Uint8Array>, how: string, path: string, { signal }: PackageCall): Promise<boolean> {
  const into = createWriteStream(path, { flags: 'a' });
  switch (how) {
    case 'gzip':
      await pipeline(payload, createGzip({ level: 1 }), into, { signal });
      return true;
    case 'zstd':
      await pipeline(payload, createOneFrameCompress(), into, { signal });
      return true;
    case 'xz':
      await pipeline(payload, storedXz, into, { signal });
      return true;
    default:
      into.destroy();
      return false;
  }
}
