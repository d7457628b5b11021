import { copyFile, lstat, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { DistributedConffile, FileResult, PackageCall, PackageFile, PackageName, PackageState, PackageSystem } from '../../ports/package-system.ts';
import { STEP_OK, type StepResult, stepFailure } from '../../steps/step.ts';
import { withoutOtherUpdates } from '../packages/other-updates.ts';
import type { PackageParts } from '../packages/package-parts.ts';
import { classifyFailure, didAll } from './classify-failure.ts';
import { databaseOf, invoke, mustRun } from './invoke-rpm.ts';
import { putBack, UPGRADE } from './put-back.ts';
import { rehearse } from './rehearse.ts';
import { reposHere } from './repo-files.ts';
import { PACKED, packAgain } from './pack-again.ts';
import { configFilesIn, DIGESTS, FILES, readRpm } from './rpm-file.ts';
import type { RpmFamily } from './rpm-family.ts';
import { installedRpms, twiceInstalled } from './rpm-query.ts';
import { openRpmSources } from './rpm-sources.ts';

const NO_REMOVAL = stepFailure('package-system-unsupported', 'packages are taken away on hosts with apt alone; do it by hand here');

/** rpm with dnf 4, or with zypper: from RHEL 8, SLE 15 and their like on. */
export function rpmPackageSystem(parts: PackageParts, family: RpmFamily): PackageSystem {
  return {
    conffileSuffixes: { persons: '.rpmsave', packages: '.rpmnew', others: ['.rpmorig'] },
    repair: family.repair,
    sources: () => reposHere(parts.sourcesDir),
    openSources: (names, call) => openRpmSources(parts, family, names, call),
    exclusively: (work, call) => withoutOtherUpdates(parts, family.updateUnits, work, call),
    status: (names, call) => status(parts, family, names, call),
    broken: async (call) => [...(await twiceInstalled(parts, call))],
    repeat: (files, _conffiles, call) => transact(parts, files, 'repeating what an interrupted rpm began', call),
    keepInstalled: (name, version, into, call) => keepInstalled(parts, family, name, version, into, call),
    conffilesOf: (name, call) => conffilesOf(parts, name, call),
    conffileIn: (file, path, call) => conffileIn(parts, file, path, call),
    install: (files, _conffiles, call) => install(parts, files, call),
    putBack: (want, call) => putBack(parts, family, want, call),
    lookAtRemoval: async () => NO_REMOVAL,
    remove: async () => NO_REMOVAL,
    mark: (states, call) => mark(parts, family, states, call),
  };
}

async function status(parts: PackageParts, family: RpmFamily, names: readonly PackageName[], call: PackageCall): Promise<readonly PackageState[]> {
  const installed = (await installedRpms(parts, call)).filter(({ name }) => names.includes(name));
  const twice = await twiceInstalled(parts, call);
  const held = await family.held(installed);
  const auto = await family.auto([...new Set(installed.map(({ name }) => name))], call);
  return names.map((name) => {
    // The one that rpm lists last where there are several.
    const found = installed.findLast((one) => one.name === name);
    if (found === undefined) return { name, state: 'absent', version: null, hold: false, auto: false };
    return { name, state: twice.has(name) ? 'broken' : 'installed', version: found.version, hold: held.has(name), auto: auto.has(name) };
  });
}

async function install(parts: PackageParts, files: readonly PackageFile[], call: PackageCall): Promise<StepResult> {
  const planned = await rehearse(parts, await databaseOf(parts, call), files, call);
  if (!planned.ok) return planned;
  const [removed] = planned.removals;
  if (removed !== undefined) return stepFailure('apply-failed', `the transaction would remove ${removed}, which it would not when it was staged; start again`, removed);
  return transact(parts, files, 'installing the packages', call);
}

/** rpm checks all of it before it changes anything, and does again what is there already. */
async function transact(parts: PackageParts, files: readonly PackageFile[], doing: string, call: PackageCall): Promise<StepResult> {
  const result = await invoke(parts, ['rpm', ...UPGRADE, '--', ...files.map(({ path }) => path)], call);
  return didAll(result) ? STEP_OK : classifyFailure(result, 'apply-failed', doing);
}

async function mark(parts: PackageParts, family: RpmFamily, states: readonly Pick<PackageState, 'name' | 'hold' | 'auto'>[], call: PackageCall): Promise<StepResult> {
  const installed = await installedRpms(parts, call);
  await family.setHolds(installed.flatMap((one) => states.filter(({ name }) => name === one.name).map(({ hold }) => ({ ...one, hold }))));
  const now = await family.auto(states.map(({ name }) => name), call);
  for (const auto of [true, false]) {
    const wrong = states.filter((state) => state.auto === auto && now.has(state.name) !== auto).map(({ name }) => name);
    if (wrong.length === 0) continue;
    const result = await family.setAuto(wrong, auto, call);
    if (result.code !== 0) return classifyFailure(result, 'apply-failed', `marking packages as ${auto ? 'automatic' : 'manual'}`);
  }
  return STEP_OK;
}

/** As it was fetched once, else packed again. */
async function keepInstalled(parts: PackageParts, { caches }: RpmFamily, name: string, version: string, into: string, call: PackageCall): Promise<FileResult> {
  const plain = name.split(':')[0] ?? name;
  for (const cache of caches) {
    const paths = (await readdir(cache, { recursive: true }).catch(() => [])).filter((path) => path.endsWith('.rpm') && path.includes(`${plain}-`));
    for (const path of paths) {
      const found = await readRpm(parts, join(cache, path), call).catch(() => null);
      if (found?.name !== name || found.version !== version) continue;
      const kept = join(into, `${name}.rpm`);
      await copyFile(found.path, kept);
      return { ok: true, file: { ...found, path: kept } };
    }
  }
  return packAgain(parts, name, join(into, name + PACKED), call);
}

async function conffilesOf(parts: PackageParts, name: PackageName, call: PackageCall): Promise<readonly DistributedConffile[]> {
  const text = await mustRun(parts, ['rpm', '--query', '--queryformat', FILES, '--', name.replace(':', '.')], call);
  return configFilesIn(text).flatMap(({ path, hex }) => {
    const algorithm = DIGESTS[hex.length];
    return algorithm === undefined ? [] : [{ path, digest: `${algorithm}:${hex}` }];
  });
}

/** rpm lays a whole package down in a folder that it takes for a host. */
async function conffileIn(parts: PackageParts, file: PackageFile, path: string, call: PackageCall): Promise<Buffer | null> {
  const tree = `${file.path}.tree`;
  try {
    await mkdir(tree, { recursive: true });
    await mustRun(parts, ['rpm', '--root', tree, '--install', '--nodeps', '--noscripts', '--notriggers', '--nosignature', '--', file.path], call);
    return (await lstat(join(tree, path))).isFile() ? await readFile(join(tree, path)) : null;
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
}
