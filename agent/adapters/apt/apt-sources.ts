import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { PackageVersion } from '../../../shared/domain/step-spec.ts';
import type { FileResult, OpenSources, PackageCall, Resolution, SourceState } from '../../ports/package-system.ts';
import { type StepFailure, stepFailure } from '../../steps/step.ts';
import type { PackageParts } from '../packages/package-parts.ts';
import { assumeInstalled } from './assumed-status.ts';
import { parseSimulation } from './apt-simulation.ts';
import { classifyFailure } from './classify-failure.ts';
import { copySources } from './copy-sources.ts';
import { readDeb } from './deb-file.ts';
import { APT_OPTIONS, invoke } from './invoke-apt.ts';
import { lookAtSource, sourceNames } from './look-at-source.ts';

const VERSIONS_NAMED_MAX = 5;
let counter = 0;

/** Refreshes just these sources in a folder of their own: the host's lists, and what `apt update` next does, stay as they are. */
export async function openAptSources(parts: PackageParts, names: readonly string[], call: PackageCall): Promise<{ readonly ok: true; readonly sources: OpenSources } | StepFailure> {
  const folder = join(parts.cacheDir, `apt-${process.pid}-${(counter += 1)}`);
  const options = [...APT_OPTIONS, '-o', 'Dir::Etc::sourcelist=/dev/null', '-o', `Dir::Etc::sourceparts=${folder}/sources`, '-o', `Dir::State::lists=${folder}/lists`];
  await mkdir(parts.cacheDir, { recursive: true, mode: 0o755 });
  // apt fetches as an unprivileged user, who has to get there; a state folder that is closed to him is the admin's choice.
  const byAll = await isOpenToOthers(parts.cacheDir);
  if (!byAll) options.push('-o', 'APT::Sandbox::User=root');
  const close = (): Promise<void> => rm(folder, { recursive: true, force: true });
  for (const path of ['sources', 'lists/partial']) await mkdir(join(folder, path), { recursive: true, mode: 0o755 });
  const failure = (await copySources(parts, names, folder, byAll, call)) ?? (await refresh(parts, options, call));
  if (failure !== null) {
    await close();
    return failure;
  }
  return {
    ok: true,
    sources: {
      close,
      resolve: async (install, assumed, inner) => resolve(parts, [...options, ...(await assumeInstalled(parts, assumed, folder, inner))], install, inner),
      fetch: (name, version, into, inner) => fetchOne(parts, options, name, version, into, inner),
    },
  };
}

/** Judged as they are opened, by what lies on this host. */
export async function aptSourcesHere({ sourcesDir, cacheDir }: PackageParts): Promise<readonly SourceState[]> {
  const byAll = await isOpenToOthers(cacheDir);
  const states: SourceState[] = [];
  for (const name of await sourceNames(sourcesDir)) {
    const found = await lookAtSource(sourcesDir, name, byAll);
    states.push({ name, problem: found.ok ? null : found.outcome.message });
  }
  return states;
}

/** What is not there yet will be made so. */
async function isOpenToOthers(folder: string): Promise<boolean> {
  for (let path = folder; path !== '/'; path = dirname(path)) {
    const state = await stat(path).catch(() => null);
    if (state !== null && (state.mode & 0o001) === 0) return false;
  }
  return true;
}

async function refresh(parts: PackageParts, options: readonly string[], call: PackageCall): Promise<StepFailure | null> {
  const result = await invoke(parts, ['apt-get', ...options, '-o', 'APT::Update::Error-Mode=any', '-o', 'Acquire::Retries=2', 'update'], call);
  return result.code === 0 ? null : classifyFailure(result, 'source-unreachable', 'refreshing the package sources');
}

async function resolve(parts: PackageParts, options: readonly string[], install: readonly PackageVersion[], call: PackageCall): Promise<Resolution | StepFailure> {
  const wanted = install.map(({ name, version }) => `${name}=${version}`);
  const result = await invoke(parts, ['apt-get', ...options, 'install', '--simulate', '--allow-downgrades', '--allow-change-held-packages', '--', ...wanted], call);
  if (result.code === 0) return { ok: true, ...parseSimulation(result.stdout) };
  const missing = /Version '(\S+)' for '(\S+)' was not found/.exec(result.stderr) ?? /Unable to locate package ()(\S+)/.exec(result.stderr) ?? /Package '?(?:)()([a-z0-9][a-z0-9+.-]+)'? has no installation candidate/.exec(result.stderr);
  if (missing === null) return classifyFailure(result, 'version-not-found', 'finding the packages and what they need');
  const name = missing[2] ?? '';
  const there = await versionsOf(parts, options, name, call);
  const version = missing[1] || install.find((wantedOne) => wantedOne.name === name)?.version || '';
  return stepFailure('version-not-found', `${name} ${version} is in none of the named sources; they have ${there.join(', ') || 'no version of it'}`, name);
}

async function versionsOf(parts: PackageParts, options: readonly string[], name: string, call: PackageCall): Promise<readonly string[]> {
  const { stdout } = await invoke(parts, ['apt-cache', ...options, 'madison', '--', name], call);
  const versions = stdout.split('\n').map((line) => line.split('|')[1]?.trim() ?? '').filter((version) => version !== '');
  return [...new Set(versions)].slice(0, VERSIONS_NAMED_MAX);
}

/** `apt-get download` checks what it fetched against the signed lists and copies what lies in a local source. */
async function fetchOne(parts: PackageParts, options: readonly string[], name: string, version: string, into: string, call: PackageCall): Promise<FileResult> {
  const draft = join(into, 'draft');
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  const result = await invoke(parts, ['apt-get', ...options, 'download', '--', `${name}=${version}`], call, { cwd: draft });
  const fetched = (await readdir(draft)).find((file) => file.endsWith('.deb'));
  if (result.code !== 0 || fetched === undefined) {
    const code = /was not found|Unable to locate|no installation candidate|Can't find a source/.test(result.stderr) ? 'version-not-found' : 'source-unreachable';
    return classifyFailure(result, code, `downloading ${name} ${version}`);
  }
  const path = join(into, `${name}.deb`);
  await rename(join(draft, fetched), path);
  await rm(draft, { recursive: true, force: true });
  return { ok: true, file: await readDeb(parts, path, call) };
}
