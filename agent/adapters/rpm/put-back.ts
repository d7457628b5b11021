import { rm } from 'node:fs/promises';

import type { PackageCall, PutBack } from '../../ports/package-system.ts';
import type { ProgramResult } from '../../ports/programs.ts';
import { STEP_OK, type StepResult } from '../../steps/step.ts';
import type { PackageParts } from '../packages/package-parts.ts';
import { classifyFailure } from './classify-failure.ts';
import { invoke, mustRun } from './invoke-rpm.ts';
import { PACKED } from './pack-again.ts';
import { configFilesIn, FILES } from './rpm-file.ts';
import type { RpmFamily } from './rpm-family.ts';
import { installedRpms } from './rpm-query.ts';

/** Up or down, once more too. Files were verified when they were fetched, each against the key of its source. */
export const UPGRADE = ['--upgrade', '--oldpackage', '--replacepkgs', '--nosignature'];
/** The payload of what was packed again is not the one that its header tells of; the staged file has a digest of its own. */
const TRUSTED = ['--nodigest', '--nofiledigest'];
/** A version that is thrown out has no say in it. */
const SILENT = ['--nopreun', '--nopostun'];

/** Dependencies may be broken in between, for all of them are made whole again in the end. First with the scripts of the versions that go, then without. */
export async function putBack(parts: PackageParts, family: RpmFamily, want: PutBack, call: PackageCall): Promise<StepResult> {
  const away = [...want.purge, ...want.remove];
  const trusted = want.files.some(({ path }) => path.endsWith(PACKED)) ? TRUSTED : [];
  let result: ProgramResult = { code: 0, stdout: '', stderr: '' };
  for (const silent of [[], SILENT]) {
    if (want.files.length > 0) result = await invoke(parts, ['rpm', ...UPGRADE, ...trusted, '--nodeps', ...silent, '--', ...want.files.map(({ path }) => path)], call);
    for (const name of away) result = (await erase(parts, name, silent, call)) ?? result;
    if (await isBack(parts, want, call)) {
      await family.forget(away);
      return STEP_OK;
    }
  }
  return classifyFailure(result, 'revert-failed', 'putting the packages back');
}

/** With its configuration files, also those that a person changed. @returns null where it is not there. */
async function erase(parts: PackageParts, name: string, silent: readonly string[], call: PackageCall): Promise<ProgramResult | null> {
  if (!(await installedRpms(parts, call)).some((one) => one.name === name)) return null;
  const rpmName = name.replace(':', '.');
  const conffiles = configFilesIn(await mustRun(parts, ['rpm', '--query', '--queryformat', FILES, '--', rpmName], call));
  const result = await invoke(parts, ['rpm', '--erase', '--allmatches', '--nodeps', ...silent, '--', rpmName], call);
  if (result.code === 0) for (const { path } of conffiles) for (const suffix of ['.rpmsave', '.rpmnew']) await rm(path + suffix, { force: true });
  return result;
}

async function isBack(parts: PackageParts, want: PutBack, call: PackageCall): Promise<boolean> {
  const installed = await installedRpms(parts, call);
  const versionsOf = (name: string): readonly string[] => installed.filter((one) => one.name === name).map(({ version }) => version);
  return want.files.every(({ name, version }) => versionsOf(name).join() === version) && [...want.purge, ...want.remove].every((name) => versionsOf(name).length === 0);
}
