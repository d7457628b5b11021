import { rm } from 'node:fs/promises';

import type { PackageCall, PackageFile, PackageName, Resolution } from '../../ports/package-system.ts';
import type { StepFailure } from '../../steps/step.ts';
import type { PackageParts } from '../packages/package-parts.ts';
import { classifyFailure } from './classify-failure.ts';
import { type InstalledRpm, installedRpms } from './rpm-query.ts';
import { copyDatabase, RECORD_ONLY } from './scratch-root.ts';

/** What rpm would make of these files, seen on a copy of the database: whose dependencies break, and what would go for it. */
export async function rehearse(parts: PackageParts, database: string, files: readonly PackageFile[], call: PackageCall): Promise<Resolution | StepFailure> {
  if (files.length === 0) return { ok: true, changes: [], removals: [] };
  const copy = `${database}.rehearsal`;
  try {
    const failure = await copyDatabase(parts, database, copy, call);
    if (failure !== null) return failure;
    const before = await installedRpms(parts, call, copy);
    const result = await parts.run(['rpm', '--dbpath', copy, ...RECORD_ONLY, '--', ...files.map(({ path }) => path)], call);
    const removals = result.code === 0 ? goneFrom(before, await installedRpms(parts, call, copy)) : inTheWay(result.stderr, before);
    if (result.code !== 0 && removals.length === 0) return classifyFailure(result, 'apply-failed', 'planning the transaction');
    const versions = new Map(before.map(({ name, version }) => [name, version]));
    const changes = files.map(({ name, version }) => ({ name, from: versions.get(name) ?? null, to: version })).filter(({ from, to }) => from !== to);
    return { ok: true, changes, removals };
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

/** A package that obsoletes another one takes it away. */
function goneFrom(before: readonly InstalledRpm[], after: readonly InstalledRpm[]): readonly PackageName[] {
  const left = new Set(after.map(({ name }) => name));
  return [...new Set(before.map(({ name }) => name))].filter((name) => !left.has(name));
}

/**
 * Installed packages that rpm stumbles over: `nail conflicts with hoof-1.0-1.noarch`, where either may be the installed one,
 * and `nail = 1 is needed by (installed) hoof-1.0-1.noarch`.
 */
export function inTheWay(stderr: string, installed: readonly InstalledRpm[]): readonly PackageName[] {
  const names = new Set(installed.map(({ name }) => name));
  const found = [...stderr.matchAll(/^\t(\S+).* (conflicts with|is obsoleted by|is needed by) (\(installed\) )?(\S+)-[^-\s]+-[^-\s]+$/gm)].flatMap(([, needed = '', how, is, name = '']) => {
    if (is !== undefined) return [name];
    return how !== 'is needed by' && names.has(needed) ? [needed] : [];
  });
  return [...new Set(found)];
}
