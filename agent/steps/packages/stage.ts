import { mkdir, open, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { PackagesSpec } from '../../../shared/domain/step-spec.ts';
import { syncFolder } from '../../../shared/files/write-durably.ts';
import type { FileResult, OpenSources, PackageChange, PackageFile, PackageSystem } from '../../ports/package-system.ts';
import { sha256Of } from '../../../shared/files/sha256-of.ts';
import { STEP_OK, type StepContext, type StepFailure, type StepResult, stepFailure } from '../step.ts';
import { filesOfEarlierSteps, ownCopy } from './assumed.ts';
import { SLACK_BYTES } from './reserve.ts';
import { damaged, readStaged, type StagedFile, writeStaged } from './staged.ts';

type Assumed = Awaited<ReturnType<typeof filesOfEarlierSteps>>;

/** Packages are unpacked beside what is there, and going back must fit as well. */
const SPACE_FACTOR = 2;
/** Where packages land: the package system's own files, programs, and the folder that this host keeps its state in. */
const PLACES = ['/', '/usr', '/var'];

/** Brings the new version and the present one of all that will change onto this disk. */
export async function stagePackages(system: PackageSystem, spec: PackagesSpec, context: StepContext): Promise<StepResult> {
  const assumed = await filesOfEarlierSteps(context);
  const kept = await readStaged(context.folder, JSON.stringify(spec));
  if (kept !== null && (await damaged([...kept.newFiles, ...kept.oldFiles])) === null && (await isAsStaged(system, kept.changes, assumed, context))) return STEP_OK;
  const broken = await system.broken(context);
  if (broken.length > 0) return stepFailure('package-system-broken', `${broken.join(', ')} is half-installed already; ${system.repair} first`, broken[0]);
  const opened = await system.openSources(spec.sources, context);
  if (!opened.ok) return opened;
  try {
    return await stageFrom(system, opened.sources, spec, assumed, context);
  } finally {
    await opened.sources.close();
  }
}

async function stageFrom(system: PackageSystem, sources: OpenSources, spec: PackagesSpec, assumed: Assumed, context: StepContext): Promise<StepResult> {
  const resolved = await sources.resolve(spec.install, [...assumed.values()], context);
  if (!resolved.ok) return resolved;
  if (resolved.removals.length > 0) {
    return stepFailure('not-allowed', `it would remove ${resolved.removals.join(', ')}; remove it by hand or name versions that go together`, resolved.removals[0]);
  }
  const { changes } = resolved;
  const newFiles = await collectFiles(changes, join(context.folder, 'new'), (change, into) => sources.fetch(change.name, change.to, into, context));
  if (!newFiles.ok) return newFiles;
  const present = changes.filter(({ from }) => from !== null);
  const oldFiles = await collectFiles(present, join(context.folder, 'old'), (change, into) => oldFile(system, sources, assumed, change, into, context));
  if (!oldFiles.ok) return oldFiles;
  const full = await noRoom([...newFiles.files, ...oldFiles.files], context.folder);
  if (full !== null) return full;
  await writeStaged(context.folder, { spec: JSON.stringify(spec), changes, newFiles: newFiles.files, oldFiles: oldFiles.files });
  return STEP_OK;
}

/** What an earlier step brings, else from the source it came from where that still has it: those bytes are verified. */
async function oldFile(system: PackageSystem, sources: OpenSources, assumed: Assumed, { name, from }: PackageChange, into: string, context: StepContext): Promise<FileResult> {
  const brought = assumed.get(name);
  if (brought !== undefined) return { ok: true, file: await ownCopy(brought, into) };
  const fetched = await sources.fetch(name, from ?? '', into, context);
  return fetched.ok ? fetched : system.keepInstalled(name, from ?? '', into, context);
}

/** Each by `get` into `into`, which is emptied first; durable. */
export async function collectFiles(
  changes: readonly PackageChange[],
  into: string,
  get: (change: PackageChange, into: string) => Promise<FileResult>,
): Promise<{ readonly ok: true; readonly files: readonly StagedFile[] } | StepFailure> {
  await rm(into, { recursive: true, force: true });
  await mkdir(into, { recursive: true });
  const files: StagedFile[] = [];
  for (const change of changes) {
    const got = await get(change, into);
    if (!got.ok) return got;
    await syncPath(got.file.path);
    files.push({ ...got.file, sha256: await sha256Of(got.file.path) });
  }
  await syncFolder(into);
  await syncFolder(dirname(into));
  return { ok: true, files };
}

async function syncPath(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Each place is looked at as if everything went there: the fail direction is to refuse here, where nothing is disrupted yet. */
export async function noRoom(files: readonly PackageFile[], folder: string): Promise<StepFailure | null> {
  const neededBytes = SLACK_BYTES + SPACE_FACTOR * files.reduce((sum, { installedBytes }) => sum + installedBytes, 0);
  for (const place of [...PLACES, folder]) {
    const disk = await statfs(place).catch(() => null);
    if (disk === null) continue;
    const freeBytes = disk.bavail * disk.bsize;
    if (freeBytes < neededBytes) return stepFailure('disk-full', `${mib(neededBytes)} MiB must be free under ${place}, ${mib(freeBytes)} MiB are; free space and start again`, place);
  }
  return null;
}

function mib(bytes: number): number {
  return Math.ceil(bytes / 1024 / 1024);
}

async function isAsStaged(system: PackageSystem, changes: readonly PackageChange[], assumed: Assumed, context: StepContext): Promise<boolean> {
  const states = await system.status(changes.map(({ name }) => name), context);
  return changes.every(({ name, from }, index) => (assumed.get(name)?.version ?? states[index]?.version ?? null) === from);
}
