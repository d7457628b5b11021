import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { PackageCall, PackageFile, PackageName, PackageState, PackageSystem } from '../../ports/package-system.ts';
import type { PackagesSpec } from '../../../shared/domain/step-spec.ts';
import { STEP_OK, type StepResult, stepFailure } from '../../steps/step.ts';
import { parseSimulation } from './apt-simulation.ts';
import { openAptSources } from './apt-sources.ts';
import { classifyFailure } from './classify-failure.ts';
import { brokenPackages, halfUnpacked, packageStates } from './dpkg-status.ts';
import { APT_OPTIONS, type AptParts, conffileFlags, invoke, mustRun, withoutSources } from './invoke-apt.ts';
import { keepInstalled } from './keep-installed.ts';
import { DPKG_FORCE, putBack } from './put-back.ts';

/** apt and dpkg, from Debian 11 and Ubuntu 22.04 on. */
export function aptPackageSystem(parts: AptParts): PackageSystem {
  return {
    openSources: (names, call) => openAptSources(parts, names, call),
    status: (names, call) => packageStates(parts, names, call),
    broken: (call) => brokenPackages(parts, call),
    repair: (files, conffiles, call) => repair(parts, files, conffiles, call),
    keepInstalled: (name, version, into, call) => keepInstalled(parts, name, version, into, call),
    conffilesOf: (name, call) => conffilesOf(parts, name, call),
    install: (files, conffiles, call) => install(parts, files, conffiles, call),
    putBack: async (want, call) => putBack(parts, want, await emptyLists(parts), call),
    mark: (states, call) => mark(parts, states, call),
  };
}

/** apt only configures what is there in the wanted version already, and fails on what was cut off in the middle of unpacking. */
async function repair(parts: AptParts, files: readonly PackageFile[], conffiles: PackagesSpec['conffiles'], call: PackageCall): Promise<StepResult> {
  const half = new Set(await halfUnpacked(parts, call));
  const again = files.filter(({ name }) => half.has(name)).map(({ path }) => path);
  const dpkg = (...words: readonly string[]) => invoke(parts, ['dpkg', ...conffileFlags(conffiles), ...words], call, { conffiles });
  if (again.length > 0) await dpkg(...DPKG_FORCE, '--unpack', ...again);
  const result = await dpkg('--configure', '--pending');
  return result.code === 0 ? STEP_OK : classifyFailure(result, 'package-system-broken', 'finishing what an interrupted dpkg began');
}

async function install(parts: AptParts, files: readonly PackageFile[], conffiles: PackagesSpec['conffiles'], call: PackageCall): Promise<StepResult> {
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

async function mark(parts: AptParts, states: readonly Pick<PackageState, 'name' | 'hold' | 'auto'>[], call: PackageCall): Promise<StepResult> {
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
async function conffilesOf(parts: AptParts, name: PackageName, call: PackageCall): Promise<readonly string[]> {
  const text = await mustRun(parts, ['dpkg-query', '--show', '--showformat=${Conffiles}\\n', name], call);
  return text.split('\n').map((line) => /^ (\/.+) \S{32}(?: .*)?$/.exec(line)?.[1] ?? '').filter((path) => path !== '');
}

async function emptyLists(parts: AptParts): Promise<string> {
  const folder = join(parts.cacheDir, 'no-lists');
  await mkdir(join(folder, 'partial'), { recursive: true, mode: 0o755 });
  return folder;
}
