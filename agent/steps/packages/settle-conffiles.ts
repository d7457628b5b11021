import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { PackagesSpec } from '../../../shared/domain/step-spec.ts';
import type { DistributedConffile, PackageCall, PackageFile, PackageSystem } from '../../ports/package-system.ts';
import { type FileCopy, putCopyBack } from '../files/file-copy.ts';
import { placeFile } from '../files/place-file.ts';

export interface Transaction {
  readonly policy: PackagesSpec['conffiles'];
  readonly files: readonly PackageFile[];
  /** As the old versions brought them. */
  readonly before: readonly DistributedConffile[];
  readonly copies: readonly FileCopy[];
  readonly copyFolder: string;
}

/**
 * Where a person and the new version both changed a configuration file, the policy says whose is used; the other one lies
 * beside it. dpkg does so itself, but once and without a sync: a power cut may take it. rpm asks the package whose is
 * used, not the policy. Idempotent.
 */
export async function settleConffiles(system: PackageSystem, { policy, files, before, copies, copyFolder }: Transaction, call: PackageCall): Promise<void> {
  const { persons: personsSuffix, packages: packagesSuffix } = system.conffileSuffixes;
  const [otherSuffix, unusedSuffix] = policy === 'keep' ? [packagesSuffix, personsSuffix] : [personsSuffix, packagesSuffix];
  for (const file of files) {
    if (file.conffiles.length === 0) continue;
    for (const { path, digest } of await system.conffilesOf(file.name, call)) {
      const old = before.find((one) => one.path === path);
      const copy = copies.find((one) => one.path === path);
      if (old === undefined || old.digest === digest || copy?.kind !== 'file') continue;
      const persons = await readFile(join(copyFolder, copy.sha256));
      if (isDigestOf(persons, old.digest) || isDigestOf(persons, digest)) continue;
      const packages = await system.conffileIn(file, path, call);
      if (packages === null) continue;
      const [used, other] = policy === 'keep' ? [persons, packages] : [packages, persons];
      // What a maintainer script made of it is its own.
      if (await holds(path, other)) await placeFile(path, used, copy);
      if (!(await holds(path + otherSuffix, other))) await placeFile(path + otherSuffix, other, copy);
      const unused = copies.find((one) => one.path === path + unusedSuffix);
      if (unused !== undefined) await putCopyBack(unused, copyFolder);
    }
  }
}

function isDigestOf(content: Buffer, digest: string): boolean {
  const [algorithm = '', hex] = digest.split(':');
  return createHash(algorithm).update(content).digest('hex') === hex;
}

async function holds(path: string, content: Buffer): Promise<boolean> {
  return readFile(path).then((now) => now.equals(content), () => false);
}
