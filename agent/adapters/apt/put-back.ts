import { rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import type { PackageCall, PackageName, PutBack } from '../../ports/package-system.ts';
import type { ProgramResult } from '../../ports/programs.ts';
import { STEP_OK, type StepResult } from '../../steps/step.ts';
import type { PackageParts } from '../packages/package-parts.ts';
import { parseSimulation } from './apt-simulation.ts';
import { classifyFailure } from './classify-failure.ts';
import { packageStates } from './dpkg-status.ts';
import { APT_OPTIONS, conffileFlags, invoke, withoutSources } from './invoke-apt.ts';

/** dpkg(1): dependencies may be broken in between, for all of them are made whole again in the end. */
export const DPKG_FORCE = ['--force-depends', '--force-breaks', '--force-conflicts', '--force-remove-reinstreq', '--force-hold', '--auto-deconfigure'];

/**
 * Three ways, each tried where the one before did not get there. apt keeps order and dependencies; dpkg does not mind a
 * system that apt refuses to touch; and a version that is thrown out has no say in it: its broken prerm and postrm are laid aside.
 */
export async function putBack(parts: PackageParts, want: PutBack, listsFolder: string, call: PackageCall): Promise<StepResult> {
  await withApt(parts, want, listsFolder, call);
  if (await isBack(parts, want, call)) return STEP_OK;
  await withDpkg(parts, want, call);
  if (await isBack(parts, want, call)) return STEP_OK;
  await layScriptsAside(parts, want, call);
  const result = await withDpkg(parts, want, call);
  if (await isBack(parts, want, call)) return STEP_OK;
  return classifyFailure(result, 'revert-failed', 'putting the packages back');
}

async function withApt(parts: PackageParts, want: PutBack, listsFolder: string, call: PackageCall): Promise<void> {
  const arguments_ = [
    '--allow-downgrades', '--allow-change-held-packages', '--allow-remove-essential', ...conffileFlags('keep').flatMap((flag) => ['-o', `Dpkg::Options::=${flag}`]),
    // `name-` takes a package away; purging is asked for below, as it would also hit what only loses its files.
    '--', ...want.files.map(({ path }) => path), ...[...want.purge, ...want.remove].map((name) => `${name}-`),
  ];
  const apt = (...more: readonly string[]): Promise<ProgramResult> =>
    invoke(parts, ['apt-get', ...APT_OPTIONS, ...withoutSources(listsFolder), 'install', ...more, ...arguments_], call);
  const simulated = await apt('--simulate');
  if (simulated.code !== 0) return;
  // Reverting takes nothing away that is not ours, even where apt would find it tidy.
  const ours = new Set([...want.purge, ...want.remove]);
  const { changes, removals } = parseSimulation(simulated.stdout);
  const files = new Set(want.files.map(({ name }) => name));
  if (removals.some((name) => !ours.has(name)) || changes.some(({ name }) => !files.has(name))) return;
  const done = await apt();
  if (done.code === 0 && want.purge.length > 0) await invoke(parts, ['dpkg', '--purge', ...want.purge], call);
}

async function withDpkg(parts: PackageParts, want: PutBack, call: PackageCall): Promise<ProgramResult> {
  const dpkg = (...arguments_: readonly string[]) => invoke(parts, ['dpkg', ...DPKG_FORCE, ...conffileFlags('keep'), ...arguments_], call);
  let result: ProgramResult = { code: 0, stdout: '', stderr: '' };
  const keepFirstFailure = (next: ProgramResult): void => {
    if (result.code === 0) result = next;
  };
  if (want.files.length > 0) keepFirstFailure(await dpkg('--unpack', ...want.files.map(({ path }) => path)));
  if (want.purge.length > 0) keepFirstFailure(await dpkg('--purge', ...want.purge));
  if (want.remove.length > 0) keepFirstFailure(await dpkg('--remove', ...want.remove));
  keepFirstFailure(await invoke(parts, ['dpkg', ...conffileFlags('keep'), '--configure', '--pending'], call));
  return result;
}

/** For those alone that are not back yet, and beside the files that go back, for a person to read. */
async function layScriptsAside(parts: PackageParts, want: PutBack, call: PackageCall): Promise<void> {
  const aside = want.files[0] === undefined ? null : dirname(want.files[0].path);
  for (const name of await notBack(parts, want, call)) {
    for (const script of ['prerm', 'postrm']) {
      const { code, stdout } = await invoke(parts, ['dpkg-query', '--control-path', name, script], call);
      const path = stdout.trim();
      if (code !== 0 || path === '') continue;
      call.output(`farrier: lays ${path} of the version that is thrown out aside\n`);
      await rename(path, `${path}.farrier-aside`);
      if (aside !== null) await rename(`${path}.farrier-aside`, join(aside, `${basename(path)}.aside`)).catch(() => undefined);
    }
  }
}

async function isBack(parts: PackageParts, want: PutBack, call: PackageCall): Promise<boolean> {
  return (await notBack(parts, want, call)).length === 0;
}

async function notBack(parts: PackageParts, want: PutBack, call: PackageCall): Promise<readonly PackageName[]> {
  const wanted = new Map<PackageName, string>([
    ...want.files.map(({ name, version }) => [name, `installed ${version}`] as const),
    ...want.purge.map((name) => [name, 'absent null'] as const),
    ...want.remove.map((name) => [name, 'config-files null'] as const),
  ]);
  const states = await packageStates(parts, [...wanted.keys()], call);
  return states.filter(({ name, state, version }) => {
    const is = `${state} ${version}`;
    // A package without configuration files leaves nothing when it is removed.
    return is !== wanted.get(name) && !(is === 'absent null' && wanted.get(name) === 'config-files null');
  }).map(({ name }) => name);
}
