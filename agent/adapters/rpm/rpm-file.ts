import { stat } from 'node:fs/promises';

import type { PackageCall, PackageFile } from '../../ports/package-system.ts';
import type { PackageParts } from '../packages/package-parts.ts';
import { mustRun } from './invoke-rpm.ts';
import { ownArchitecture, ROW, rowsOf } from './rpm-query.ts';

/** RPMFILE_CONFIG and RPMFILE_GHOST of rpm's file flags: a ghost is named by a package and not brought. */
export const CONFIG = 1;
export const GHOST = 64;

/** By the length of what is written in hexadecimal: rpm names the algorithm by a number, and older packages do not. */
export const DIGESTS: Readonly<Record<number, string>> = { 32: 'md5', 40: 'sha1', 64: 'sha256', 96: 'sha384', 128: 'sha512' };

/** Of rpm's query formats: flags, digest and path of each file; some packages have none. */
export const FILES = '[%{FILEFLAGS}\\t%{FILEDIGESTS}\\t%{FILENAMES}\\n]';

/** Reads what an .rpm is. @throws where it is none. */
export async function readRpm(parts: PackageParts, path: string, call: PackageCall): Promise<PackageFile> {
  const text = await mustRun(parts, ['rpm', '--query', '--package', '--nosignature', '--queryformat', `${ROW}%{LONGSIZE}\\n${FILES}`, '--', path], call);
  const [row = '', size = ''] = text.split('\n');
  const [found] = rowsOf(row, await ownArchitecture(parts, call));
  if (found === undefined) throw new Error(`${path} is no package that rpm can read`);
  // What is packed may be more than what is told of it; never less than the file itself.
  const installedBytes = Math.max(Number(size) || 0, (await stat(path)).size);
  return { ...found, path, installedBytes, conffiles: configFilesIn(text).map((file) => file.path) };
}

/** Lines of FILES that are configuration files. */
export function configFilesIn(text: string): readonly { readonly path: string; readonly hex: string }[] {
  return text.split('\n').flatMap((line) => {
    const [, flags = '0', hex = '', path = ''] = /^(\d+)\t([0-9a-f]*)\t(\/.*)$/.exec(line) ?? [];
    return (Number(flags) & CONFIG) !== 0 && (Number(flags) & GHOST) === 0 && path !== '' ? [{ path, hex }] : [];
  });
}
