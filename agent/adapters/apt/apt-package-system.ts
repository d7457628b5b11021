import { lstat, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { DistributedConffile, PackageCall, PackageFile, PackageName, PackageState, PackageSystem, RemovalLook } from '../../ports/package-system.ts';
import type { PackagesSpec } from '../../../shared/domain/step-spec.ts';
import { STEP_OK, type StepFailure, type StepResult, stepFailure } from '../../steps/step.ts';
import { withoutOtherUpdates } from '../packages/other-updates.ts';
import type { PackageParts } from '../packages/package-parts.ts';
import { parseSimulation } from './apt-simulation.ts';
import { aptSourcesHere, openAptSources } from './apt-sources.ts';
import { withAutoMarks } from './auto-marks.ts';
import { classifyFailure } from './classify-failure.ts';
import { brokenPackages, packageStates } from './dpkg-status.ts';
import { APT_OPTIONS, conffileFlags, invoke, mustRun, withoutSources } from './invoke-apt.ts';
import { keepInstalled } from './keep-installed.ts';
import { DPKG_FORCE, putBack } from './put-back.ts';

/** What Debian's and Ubuntu's timers start: the second one is unattended-upgrades. */
const UPDATE_UNITS = ['apt-daily.service', 'apt-daily-upgrade.service'];

/** apt and dpkg, from Debian 11 and Ubuntu 22.04 on. */
export function aptPackageSystem(parts: PackageParts): PackageSystem {
  return {
    conffileSuffixes: { persons: '.dpkg-old', packages: '.dpkg-dist', others: ['.dpkg-new'] },
    repair: 'run dpkg --configure -a and apt-get -f install',
    sources: () => aptSourcesHere(parts),
    openSources: (names, call) => openAptSources(parts, names, call),
    exclusively: (work, call) => withoutOtherUpdates(parts, UPDATE_UNITS, () => withAutoMarks(call.folder, work), call),
    status: (names, call) => packageStates(parts, names, call),
    broken: (call) => brokenPackages(parts, call),
    repeat: (files, conffiles, call) => repeat(parts, files, conffiles, call),
    keepInstalled: (name, version, into, call) => keepInstalled(parts, name, version, into, call),
    conffilesOf: (name, call) => conffilesOf(parts, name, call),
    conffileIn: (file, path, call) => conffileIn(parts, file, path, call),
    install: (files, conffiles, call) => install(parts, files, conffiles, call),
    putBack: async (want, call) => putBack(parts, want, await emptyLists(parts), call),
    lookAtRemoval: (names, call) => lookAtRemoval(parts, names, call),
    remove: (names, call) => remove(parts, names, call),
    mark: (states, call) => mark(parts, states, call),
  };
}

/** Without apt, which only configures what is there in the wanted version already. Dependencies hold again in the end. */
async function repeat(parts: PackageParts, files: readonly PackageFile[], conffiles: PackagesSpec['conffiles'], call: PackageCall): Promise<StepResult> {
  const dpkg = (...words: readonly string[]) => invoke(parts, ['dpkg', ...conffileFlags(conffiles), ...words], call, { conffiles });
  await dpkg(...DPKG_FORCE, '--unpack', ...files.map(({ path }) => path));
  const result = await dpkg('--configure', '--pending');
  return result.code === 0 ? STEP_OK : classifyFailure(result, 'package-system-broken', 'repeating what an interrupted dpkg began');
}

async function install(parts: PackageParts, files: readonly PackageFile[], conffiles: PackagesSpec['conffiles'], call: PackageCall): Promise<StepResult> {
  const apt = ['apt-get', ...APT_OPTIONS, ...withoutSources(await emptyLists(parts))] as const;
  const flags = ['--no-remove', '--allow-downgrades', '--allow-change-held-packages'];
  const paths = files.map(({ path }) => path);
  const simulated = await invoke(parts, [...apt, 'install', '--simulate', ...flags, '--', ...paths], call);
  if (simulated.code !== 0) return classifyFailure(simulated, 'apply-failed', 'planning the transaction');
  const staged = new Set(files.map(({ name }) => name));
  const other = parseSimulation(simulated.stdout).changes.find(({ name }) => !staged.has(name));
  if (other !== undefined) return stepFailure('apply-failed', `the transaction would change ${other.name} too, which was not staged; start again`, other.name);
  const options = conffileFlags(conffiles).flatMap((flag) => ['-o', `Dpkg::Options::=${flag}`]);
  const result = await invoke(parts, [...apt, ...options, 'install', ...flags, '--', ...paths], call, { conffiles });
  return result.code === 0 ? STEP_OK : classifyFailure(result, 'apply-failed', 'installing the packages');
}

async function lookAtRemoval(parts: PackageParts, names: readonly PackageName[], call: PackageCall): Promise<RemovalLook | StepFailure> {
  if (names.length === 0) return { ok: true, removals: [], orphans: [] };
  const apt = ['apt-get', ...APT_OPTIONS, ...withoutSources(await emptyLists(parts)), 'remove', '--simulate', '--allow-change-held-packages'] as const;
  const simulate = async (...flags: readonly string[]): Promise<readonly PackageName[] | StepFailure> => {
    const result = await invoke(parts, [...apt, ...flags, '--', ...names], call);
    return result.code === 0 ? parseSimulation(result.stdout).removals : classifyFailure(result, 'apply-failed', 'planning the removal');
  };
  const removals = await simulate('--no-auto-remove');
  if ('ok' in removals) return removals;
  const cleaned = await simulate('--auto-remove');
  if ('ok' in cleaned) return cleaned;
  return { ok: true, removals, orphans: cleaned.filter((name) => !removals.includes(name)) };
}

/** dpkg takes nothing along: it refuses what others need. */
async function remove(parts: PackageParts, names: readonly PackageName[], call: PackageCall): Promise<StepResult> {
  if (names.length === 0) return STEP_OK;
  const result = await invoke(parts, ['dpkg', '--force-hold', '--remove', ...names], call);
  return result.code === 0 ? STEP_OK : classifyFailure(result, 'apply-failed', 'removing the packages');
}

async function mark(parts: PackageParts, states: readonly Pick<PackageState, 'name' | 'hold' | 'auto'>[], call: PackageCall): Promise<StepResult> {
  const now = new Map((await packageStates(parts, states.map(({ name }) => name), call)).map((state) => [state.name, state]));
  const wrong = (field: 'hold' | 'auto', value: boolean): readonly PackageName[] =>
    states.filter((state) => state[field] === value && now.get(state.name)?.[field] !== value).map(({ name }) => name);
  const verbs = [['hold', wrong('hold', true)], ['unhold', wrong('hold', false)], ['auto', wrong('auto', true)], ['manual', wrong('auto', false)]] as const;
  for (const [verb, names] of verbs) {
    if (names.length === 0) continue;
    const result = await invoke(parts, ['apt-mark', verb, ...names], call);
    if (result.code !== 0) return classifyFailure(result, 'apply-failed', `apt-mark ${verb}`);
  }
  return STEP_OK;
}

/** ` /etc/x.conf <md5> [obsolete]`: one a line. An obsolete one is on disk as well. */
async function conffilesOf(parts: PackageParts, name: PackageName, call: PackageCall): Promise<readonly DistributedConffile[]> {
  const text = await mustRun(parts, ['dpkg-query', '--show', '--showformat=${Conffiles}\\n', name], call);
  return text.split('\n').flatMap((line) => {
    const [, path, md5] = /^ (\/.+) (\S{32})(?: .*)?$/.exec(line) ?? [];
    return path === undefined || md5 === undefined ? [] : [{ path, digest: `md5:${md5}` }];
  });
}

async function conffileIn(parts: PackageParts, file: PackageFile, path: string, call: PackageCall): Promise<Buffer | null> {
  const tree = `${file.path}.tree`;
  try {
    await mustRun(parts, ['dpkg-deb', '--extract', file.path, tree], call);
    return (await lstat(join(tree, path))).isFile() ? await readFile(join(tree, path)) : null;
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
}

async function emptyLists(parts: PackageParts): Promise<string> {
  const folder = join(parts.cacheDir, 'no-lists');
  await mkdir(join(folder, 'partial'), { recursive: true, mode: 0o755 });
  return folder;
}
