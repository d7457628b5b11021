import { access, constants, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { PackageCall, PackageFile } from '../../ports/package-system.ts';
import { type StepFailure, stepFailure } from '../../steps/step.ts';
import type { PackageParts } from '../packages/package-parts.ts';
import { classifyFailure } from './classify-failure.ts';
import { databaseOf, invoke, mustRun } from './invoke-rpm.ts';
import type { ScratchRoot } from './rpm-family.ts';

/** Of a database alone: no file is laid down and no script run. Neither versions nor what is there already is an obstacle. */
export const RECORD_ONLY = ['--upgrade', '--justdb', '--noscripts', '--notriggers', '--oldpackage', '--replacepkgs', '--nosignature', '--ignoresize'];

export async function makeScratchRoot(parts: PackageParts, root: string, call: PackageCall): Promise<{ readonly ok: true; readonly scratch: ScratchRoot } | StepFailure> {
  const own = await databaseOf(parts, call);
  const written = await access(own, constants.W_OK).then(() => null, (error: NodeJS.ErrnoException) => error.code ?? '');
  if (written === 'EROFS') return stepFailure('package-system-unsupported', `the packages of this host are an image that is only read (${own}); upgrade it by its own tool, such as rpm-ostree or transactional-update`, own);
  const scratch = { root, database: join(root, own), sources: join(root, 'sources') };
  await mkdir(scratch.sources, { recursive: true, mode: 0o755 });
  const copied = await copyDatabase(parts, own, scratch.database, call);
  return copied ?? { ok: true, scratch };
}

/** While nobody writes it. */
export async function copyDatabase(parts: PackageParts, from: string, to: string, call: PackageCall): Promise<StepFailure | null> {
  await rm(to, { recursive: true, force: true });
  await mkdir(to, { recursive: true, mode: 0o755 });
  const copied = await invoke(parts, ['cp', '--archive', '--', `${from}/.`, to], call);
  if (copied.code !== 0) return classifyFailure(copied, 'package-system-broken', 'copying the rpm database');
  // Memory that Berkeley DB shares, of another place.
  for (const name of await readdir(to)) if (name.startsWith('__db.')) await rm(join(to, name));
  return null;
}

/** As the host will be once these are installed. */
export async function assumeInstalled(parts: PackageParts, { database }: ScratchRoot, files: readonly PackageFile[], call: PackageCall): Promise<void> {
  if (files.length > 0) await mustRun(parts, ['rpm', '--dbpath', database, ...RECORD_ONLY, '--nodeps', '--', ...files.map(({ path }) => path)], call);
}
