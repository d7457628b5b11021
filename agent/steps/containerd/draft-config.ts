import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';

import { crunFits, CRUN_KNOWS } from '../../../shared/domain/crun-fits.ts';
import { formatRelease, parseRelease, type Release } from '../../../shared/domain/release.ts';
import { type ContainerdRuntime, type ContainerdSettings, isRuncType } from '../../../shared/domain/steps/containerd-spec.ts';
import type { RunProgram } from '../../ports/programs.ts';
import { pathProblem } from '../files/path-problem.ts';
import { type StepContext, type StepFailure, stepFailure } from '../step.ts';
import { criEndpoint } from './cri-endpoint.ts';
import { type ConfigFile, hostsFiles } from './hosts-files.ts';
import { type InstalledContainerd, installedContainerd } from './installed-containerd.ts';
import { type ConfigChange, mergeConfig } from './merge-config.ts';
import type { RuntimeEntry } from './runtime-table.ts';
import { readDropIns } from './read-drop-ins.ts';

/** What a plan makes of this host's files. */
export interface ConfigDraft {
  readonly ok: true;
  readonly containerd: InstalledContainerd;
  /** Null: it had no file, and needs none. */
  readonly text: string | null;
  readonly changes: readonly ConfigChange[];
  /** Those that are not there, or have other content: the configuration last. */
  readonly files: readonly ConfigFile[];
  /** Whether the configuration itself is among them. */
  readonly isNew: boolean;
  /** Where CRI listens with it; null where it is turned off. */
  readonly endpoint: string | null;
  /** Every file of the plan's, whether or not it changes. */
  readonly paths: readonly string[];
}

export interface DraftParts {
  readonly run: RunProgram;
  /** Where containerd finds programs without a path. */
  readonly programFolders: readonly string[];
}

/** Reads only. */
export async function draftConfig(parts: DraftParts, settings: ContainerdSettings, context: Pick<StepContext, 'signal'>): Promise<ConfigDraft | StepFailure> {
  const containerd = await installedContainerd(parts.run, context);
  if (!containerd.ok) return containerd;
  const { configFile } = containerd;
  const before = await contentOf(configFile);
  if (before === NO_TEXT) return stepFailure('config-unreadable', `${configFile} is no text in UTF-8; mend it by hand`, configFile);
  const also = settings.alsoFor === null ? null : parseRelease(settings.alsoFor);
  const releases: readonly [Release, ...Release[]] = [containerd.release, ...(also === null ? [] : [also])];
  const dropIns = before === null ? [] : await readDropIns(configFile, before);
  const merged = mergeConfig({ text: before, dropIns, settings, releases });
  if (!merged.ok) return stepFailure(merged.code === 'config-broken' ? 'config-unreadable' : 'config-refused', `${merged.code}: ${configFile} is left as it is: ${merged.message}`, configFile);
  const unfit = (await missingRuntime(parts, settings.runtimes)) ?? (await unfitCrun(parts, merged.runtimes, releases.map(formatRelease), context));
  if (unfit !== null) return unfit;
  const wanted = [...(settings.registry === null ? [] : await hostsFiles(settings.registry)), ...(merged.text === null ? [] : [{ path: configFile, text: merged.text }])];
  const files: ConfigFile[] = [];
  for (const file of wanted) {
    const problem = await pathProblem(file.path);
    if (problem !== '') return stepFailure('path-refused', problem, file.path);
    if ((await contentOf(file.path)) !== file.text) files.push(file);
  }
  return { ok: true, containerd, text: merged.text, changes: merged.changes, files, isNew: merged.text !== before, endpoint: criEndpoint(merged.text), paths: wanted.map(({ path }) => path) };
}

/** Where CRI listens now; null where it is turned off. */
export async function endpointNow({ run }: DraftParts, context: Pick<StepContext, 'signal'>): Promise<string | null> {
  const containerd = await installedContainerd(run, context);
  return criEndpoint(containerd.ok ? await contentOf(containerd.configFile) : null);
}

/** A runtime that cannot start a container is found by the first pod otherwise. */
async function missingRuntime({ programFolders }: DraftParts, runtimes: readonly ContainerdRuntime[]): Promise<StepFailure | null> {
  for (const { name, type, binary } of runtimes) {
    const shim = `containerd-shim-${type.split('.').slice(2).join('-')}`;
    const missing = !(await isAnyThere(programFolders.map((folder) => `${folder}/${shim}`))) ? `${shim}, which is not in ${programFolders.join(', ')}` : binary !== null && !(await isAnyThere([binary])) ? `${binary}, which is not there` : '';
    if (missing !== '') return stepFailure('config-refused', `runtime-missing: ${name} needs ${missing}; install it in a step before this one`, name);
  }
  return null;
}

/** Also of a runtime that is there and that the plan does not name: a newer containerd may ask more of it. */
async function unfitCrun({ run, programFolders }: DraftParts, runtimes: readonly RuntimeEntry[], containerds: readonly string[], { signal }: Pick<StepContext, 'signal'>): Promise<StepFailure | null> {
  for (const { type, binary: named } of runtimes) {
    // A file that is imported need not say the type again.
    if ((type !== '' && !isRuncType(type)) || !basename(named).startsWith('crun')) continue;
    const binary = await firstThere(named.includes('/') ? [named] : programFolders.map((folder) => `${folder}/${named}`));
    if (binary === null) continue;
    const said = await run([binary, '--version'], { signal });
    const version = /^crun version (\S+)/m.exec(said.stdout)?.[1] ?? '';
    const strict = containerds.find((containerd) => !crunFits(version, containerd));
    if (strict !== undefined) return stepFailure('config-refused', `crun-too-old: ${binary} is crun ${version === '' ? 'of no version that it tells' : version}, which starts no container for containerd ${strict} ("unknown version specified"); upgrade crun to ${CRUN_KNOWS} or newer in a step before this one, or in a rollout before`, binary);
  }
  return null;
}

async function isAnyThere(paths: readonly string[]): Promise<boolean> {
  return (await firstThere(paths)) !== null;
}

async function firstThere(paths: readonly string[]): Promise<string | null> {
  for (const path of paths) if (await stat(path).then((found) => found.isFile(), () => false)) return path;
  return null;
}

/** Null where there is none; NO_TEXT for bytes that are no UTF-8, and could not be written again as they are. */
async function contentOf(path: string): Promise<string | null> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw error;
  });
  const text = bytes?.toString('utf8') ?? null;
  return text !== null && bytes !== null && !Buffer.from(text, 'utf8').equals(bytes) ? NO_TEXT : text;
}

/** No TOML begins so. */
const NO_TEXT = '\0';
