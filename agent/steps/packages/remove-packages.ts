import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { PackagesSpec } from '../../../shared/domain/step-spec.ts';
import type { DistributedConffile, PackageState, PackageSystem } from '../../ports/package-system.ts';
import { type CaptureResult, type CheckResult, STEP_OK, type StepContext, type StepResult, stepFailure } from '../step.ts';
import { copyConffiles } from './conffile-copies.ts';
import type { PackagesPrior } from './packages.ts';
import { captureSpace } from './reserve.ts';
import { collectFiles, noRoom } from './stage.ts';
import { damaged, readStaged, writeStaged } from './staged.ts';

type Removal = PackagesSpec & { readonly remove: readonly string[] };

export function isRemoval(spec: PackagesSpec): spec is Removal {
  return spec.remove !== undefined;
}

/** Keeps what goes, so that it can come back without a source, and refuses what would take anything else along. */
export async function stageRemoval(system: PackageSystem, spec: Removal, context: StepContext): Promise<StepResult> {
  const broken = await system.broken(context);
  if (broken.length > 0) return stepFailure('package-system-broken', `${broken.join(', ')} is half-installed already; ${system.repair} first`, broken[0]);
  const looked = await system.lookAtRemoval(await installedOf(system, spec, context), context);
  if (!looked.ok) return looked;
  const others = looked.removals.filter((name) => !spec.remove.includes(name));
  if (others.length > 0) return stepFailure('not-allowed', `${spec.remove.join(', ')} would take ${others.join(', ')} along, which need it; name them too if they are to go`, others[0]);
  const states = await system.status(spec.remove, context);
  const present = states.flatMap(({ name, version }) => (version === null ? [] : [{ name, from: version, to: version }]));
  const kept = await collectFiles(present, join(context.folder, 'old'), ({ name, to }, into) => system.keepInstalled(name, to, into, context));
  if (!kept.ok) return kept;
  const full = await noRoom(kept.files, context.folder);
  if (full !== null) return full;
  await writeStaged(context.folder, { spec: JSON.stringify(spec), changes: [], newFiles: [], oldFiles: kept.files });
  return STEP_OK;
}

export async function checkRemoval(system: PackageSystem, spec: Removal, context: StepContext): Promise<CheckResult> {
  const there = await installedOf(system, spec, context);
  return { ok: true, state: there.length === 0 && (await system.broken(context)).length === 0 ? 'satisfied' : 'needed' };
}

/** What nothing needs once they are gone is captured too: it stays, and nobody's clean-up may take it. */
export async function captureRemoval(system: PackageSystem, spec: Removal, conffileFolder: string, context: StepContext): Promise<CaptureResult<PackagesPrior>> {
  const staged = await readStaged(context.folder, JSON.stringify(spec));
  if (staged === null) return stepFailure('prior-unavailable', 'nothing is staged for this step');
  const file = await damaged(staged.oldFiles);
  if (file !== null) return stepFailure('prior-unavailable', `${file} is gone or damaged since it was staged; start again`, file);
  const looked = await system.lookAtRemoval(await installedOf(system, spec, context), context);
  if (!looked.ok) return looked;
  const packages = (await system.status(spec.remove, context)).filter(({ version }) => version !== null);
  const orphans = await system.status(looked.orphans, context);
  const moved = packages.find(({ name, version }) => !staged.oldFiles.some((one) => one.name === name && one.version === version));
  if (moved !== undefined) return stepFailure('prior-unavailable', `${moved.name} is ${moved.version} now, which was not kept; start again`, moved.name);
  const distributed: DistributedConffile[] = [];
  for (const { name } of packages) distributed.push(...(await system.conffilesOf(name, context)));
  const conffiles = await copyConffiles(distributed.map(({ path }) => path), system.conffileSuffixes, conffileFolder);
  await captureSpace(context.folder, staged.oldFiles);
  return { ok: true, prior: { packages, conffiles, distributed, orphans } };
}

/** Marked first: an automatic clean-up between the two must find nothing to take. */
export async function applyRemoval(system: PackageSystem, spec: Removal, { orphans = [] }: PackagesPrior, begunMark: string, context: StepContext): Promise<StepResult> {
  const marked = await system.mark(orphans.map(asStaying), context);
  if (!marked.ok) return marked;
  const removed = await system.remove(await installedOf(system, spec, context), context);
  if (!removed.ok && removed.outcome.code === 'lock-held') await rm(begunMark, { force: true });
  return removed;
}

export async function verifyRemoval(system: PackageSystem, spec: Removal, { orphans = [] }: PackagesPrior, context: StepContext): Promise<StepResult> {
  const [left] = await installedOf(system, spec, context);
  if (left !== undefined) return stepFailure('verify-failed', `${left} is still installed`, left);
  const states = await system.status(orphans.map(({ name }) => name), context);
  const lost = orphans.find(({ version }, index) => states[index]?.version !== version || states[index]?.auto === true);
  if (lost !== undefined) return stepFailure('verify-failed', `${lost.name} was to stay and did not, or the next clean-up takes it`, lost.name);
  const broken = await system.broken(context);
  return broken.length === 0 ? STEP_OK : stepFailure('verify-failed', `${broken.join(', ')} is half-installed`, broken[0]);
}

function asStaying({ name, hold }: PackageState): Pick<PackageState, 'name' | 'hold' | 'auto'> {
  return { name, hold, auto: false };
}

async function installedOf(system: PackageSystem, { remove }: Removal, context: StepContext): Promise<readonly string[]> {
  const states = await system.status(remove, context);
  return states.filter(({ state }) => state !== 'absent' && state !== 'config-files').map(({ name }) => name);
}
