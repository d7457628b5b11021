import { copyFile, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { PackageVersion } from '../../../shared/domain/step-spec.ts';
import type { FileResult, OpenSources, PackageCall, PackageFile, PackageName, Resolution } from '../../ports/package-system.ts';
import { type StepFailure, stepFailure } from '../../steps/step.ts';
import type { PackageParts } from '../packages/package-parts.ts';
import { classifyFailure } from './classify-failure.ts';
import { rehearse } from './rehearse.ts';
import { copyRepos } from './repo-files.ts';
import { readRpm } from './rpm-file.ts';
import type { RpmFamily, ScratchRoot } from './rpm-family.ts';
import { installedRpms, severalAtOnce } from './rpm-query.ts';
import { assumeInstalled, makeScratchRoot } from './scratch-root.ts';

const VERSIONS_NAMED_MAX = 5;
let counter = 0;

/** Asks the sources from a scratch root: locks, holds, caches, history and keys of the host stay as they are. */
export async function openRpmSources(parts: PackageParts, family: RpmFamily, names: readonly string[], call: PackageCall): Promise<{ readonly ok: true; readonly sources: OpenSources } | StepFailure> {
  const root = join(parts.cacheDir, `rpm-${process.pid}-${(counter += 1)}`);
  const close = (): Promise<void> => rm(root, { recursive: true, force: true });
  const opened = (await family.refuse(call)) ?? (await open(parts, family, names, root, call));
  if (!opened.ok) {
    await close();
    return opened;
  }
  const { scratch } = opened;
  /** What `resolve` brought, by name. */
  const fetched = new Map<PackageName, PackageFile>();
  return {
    ok: true,
    sources: {
      close,
      resolve: async (install, assumed, inner) => {
        await assumeInstalled(parts, scratch, assumed, inner);
        return resolve(parts, family, scratch, install, fetched, inner);
      },
      fetch: async (name, version, into, inner) => {
        const there = fetched.get(name);
        return there?.version === version ? place(there, into) : fetchAgain(parts, family, scratch, { name, version }, into, inner);
      },
    },
  };
}

async function open(parts: PackageParts, family: RpmFamily, names: readonly string[], root: string, call: PackageCall): Promise<{ readonly ok: true; readonly scratch: ScratchRoot } | StepFailure> {
  const made = await makeScratchRoot(parts, root, call);
  if (!made.ok) return made;
  const { scratch } = made;
  const copied = await copyRepos(parts.sourcesDir, names, scratch.sources);
  if (!copied.ok) return copied;
  for (const key of copied.keys) {
    const imported = await parts.run(['rpmkeys', '--dbpath', scratch.database, '--import', key], call);
    if (imported.code !== 0) return stepFailure('source-key-unusable', `${key} is no key that rpm can read (${imported.stderr.trim().slice(-200)}); put the key of the source there`, key);
  }
  const refreshed = await family.refresh(scratch, call);
  return refreshed.code === 0 ? made : classifyFailure(refreshed, 'source-unreachable', 'refreshing the package sources');
}

async function resolve(parts: PackageParts, family: RpmFamily, scratch: ScratchRoot, install: readonly PackageVersion[], fetched: Map<PackageName, PackageFile>, call: PackageCall): Promise<Resolution | StepFailure> {
  const installed = await installedRpms(parts, call, scratch.database);
  const wanted = install.filter(({ name, version }) => !installed.some((one) => one.name === name && one.version === version));
  for (const { name, version } of wanted) {
    const there = await family.versionsOf(scratch, name, call);
    if (there.includes(version)) continue;
    return stepFailure('version-not-found', `${name} ${version} is in none of the named sources; they have ${there.slice(0, VERSIONS_NAMED_MAX).join(', ') || 'no version of it'}`, name);
  }
  if (wanted.length === 0) return { ok: true, changes: [], removals: [] };
  const into = join(scratch.root, 'chosen');
  const chosen = await family.download(scratch, wanted, into, call);
  const files = chosen.code === 0 ? await readFolder(parts, into, call) : [];
  const missing = wanted.find(({ name, version }) => !files.some((file) => file.name === name && file.version === version));
  if (missing !== undefined) return classifyFailure(chosen, 'version-not-found', 'finding the packages and what they need');
  const [several] = await severalAtOnce(parts, files.map(({ path }) => path), call);
  if (several !== undefined) return stepFailure('not-allowed', `${several} is installed beside its older versions, not in place of them, and cannot be put back so; install it by hand`, several);
  for (const file of files) fetched.set(file.name, file);
  return rehearse(parts, scratch.database, files, call);
}

/** The version that is installed, from a source that still has it. */
async function fetchAgain(parts: PackageParts, family: RpmFamily, scratch: ScratchRoot, one: PackageVersion, into: string, call: PackageCall): Promise<FileResult> {
  const draft = join(scratch.root, 'again');
  await rm(draft, { recursive: true, force: true });
  const result = await family.downloadAgain(scratch, one, draft, call);
  const file = result.code === 0 ? (await readFolder(parts, draft, call)).find(({ name, version }) => name === one.name && version === one.version) : undefined;
  return file === undefined ? classifyFailure(result, 'version-not-found', `downloading ${one.name} ${one.version}`) : place(file, into);
}

async function readFolder(parts: PackageParts, folder: string, call: PackageCall): Promise<readonly PackageFile[]> {
  await mkdir(folder, { recursive: true });
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.rpm')).toSorted();
  return Promise.all(names.map((name) => readRpm(parts, join(folder, name), call)));
}

async function place(file: PackageFile, into: string): Promise<FileResult> {
  const path = join(into, `${file.name}.rpm`);
  await copyFile(file.path, path);
  return { ok: true, file: { ...file, path } };
}
