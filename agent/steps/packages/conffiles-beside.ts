import { createHash } from 'node:crypto';
import { access, chmod, chown, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { PackagesSpec } from '../../../shared/domain/step-spec.ts';
import { writeDurably } from '../../../shared/trust/write-durably.ts';
import type { DistributedConffile, PackageCall, PackageFile, PackageSystem } from '../../ports/package-system.ts';
import type { FileCopy } from '../files/file-copy.ts';

export interface Beside {
  readonly policy: PackagesSpec['conffiles'];
  readonly files: readonly PackageFile[];
  /** As the old versions brought them. */
  readonly before: readonly DistributedConffile[];
  readonly copies: readonly FileCopy[];
  readonly copyFolder: string;
}

/**
 * Where a person and the new version both changed a configuration file, dpkg lays the one that it did not take beside the
 * other: once, and without a sync. What a power cut took of that is laid there again. Idempotent.
 */
export async function layConffilesBeside(system: PackageSystem, { policy, files, before, copies, copyFolder }: Beside, call: PackageCall): Promise<void> {
  for (const file of files) {
    if (file.conffiles.length === 0) continue;
    for (const { path, md5 } of await system.conffilesOf(file.name, call)) {
      const old = before.find((one) => one.path === path);
      const copy = copies.find((one) => one.path === path);
      if (old === undefined || old.md5 === md5 || copy?.kind !== 'file') continue;
      const beside = path + (policy === 'keep' ? '.dpkg-dist' : '.dpkg-old');
      if (await access(beside).then(() => true, () => false)) continue;
      const persons = await readFile(join(copyFolder, copy.sha256));
      const personsMd5 = createHash('md5').update(persons).digest('hex');
      if (personsMd5 === old.md5 || personsMd5 === md5) continue;
      if (policy === 'keep') {
        const content = await system.conffileIn(file, path, call);
        if (content !== null) await writeDurably(beside, content, 0o644);
      } else {
        await writeDurably(beside, persons, copy.mode);
        await chown(beside, copy.uid, copy.gid);
        await chmod(beside, copy.mode);
      }
    }
  }
}
