import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { FileResult, OpenSources, PackageChange, PackageFile, PackageSystem, Resolution } from '../../agent/ports/package-system.ts';
import { type StepFailure, type StepResult, STEP_OK, stepFailure } from '../../agent/steps/step.ts';
import type { PackagesSpec } from '../../shared/domain/step-spec.ts';
import type { LabPackage, PackageLab } from './package-lab.ts';

interface Installed {
  spec: LabPackage;
  state: 'installed' | 'broken' | 'config-files';
  hold: boolean;
  auto: boolean;
  /** Cut off while it was unpacked: cannot be configured. */
  half?: boolean;
  /** Its configuration file as the last configured version brought it. */
  recorded?: string | undefined;
}

/** A complete package system in memory; package files are JSON, configuration files lie in a folder of its own. */
export async function memoryLab(): Promise<PackageLab> {
  const base = await mkdtemp(join(tmpdir(), 'farrier-packages-'));
  const host = new Map<string, Installed>();
  let source: readonly LabPackage[] = [];
  let holder: string | null = null;
  const conffilePath = (name: string): string => join(base, `${name}.conf`);

  const fileOf = async (spec: LabPackage, into: string): Promise<FileResult> => {
    await mkdir(into, { recursive: true });
    const path = join(into, `${spec.name}.deb`);
    await writeFile(path, JSON.stringify(spec));
    const file: PackageFile = { name: spec.name, version: spec.version, path, installedBytes: 1, conffiles: spec.conffile === undefined ? [] : [conffilePath(spec.name)] };
    return { ok: true, file };
  };
  const locked = (): StepFailure | null => (holder === null ? null : stepFailure('lock-held', `the package system is in use by ${holder}`, holder));

  /** What dpkg does when it configures: a person's change is kept or replaced, with the other one laid beside it. */
  const configure = (name: string, before: LabPackage | null, policy: PackagesSpec['conffiles']): StepResult => {
    const now = host.get(name);
    if (now === undefined) return STEP_OK;
    if (now.half === true) return stepFailure('apply-failed', `${name} is in a very bad inconsistent state; unpack it again`, name);
    if (now.spec.broken?.includes('postinst') === true) return stepFailure('apply-failed', `${name}: postinst failed`, name);
    const path = conffilePath(name);
    const content = existsSync(path) ? readFileSync(path, 'utf8') : null;
    const recorded = now.recorded ?? before?.conffile;
    if (now.spec.conffile !== undefined && content !== now.spec.conffile && now.spec.conffile !== recorded) {
      const changed = content !== null && content !== recorded;
      if (changed && policy === 'keep') writeFileSync(`${path}.dpkg-dist`, now.spec.conffile);
      else writeFileSync(path, now.spec.conffile);
      if (changed && policy === 'replace') writeFileSync(`${path}.dpkg-old`, content);
    }
    now.state = 'installed';
    now.recorded = now.spec.conffile;
    return STEP_OK;
  };
  const unpack = (spec: LabPackage): LabPackage | null => {
    const before = host.get(spec.name);
    // A hold is cleared by a transaction that changes the package, as apt does.
    host.set(spec.name, { spec, state: 'broken', hold: false, auto: before?.auto ?? false, recorded: before?.recorded });
    return before?.spec ?? null;
  };
  const install = (specs: readonly LabPackage[], policy: PackagesSpec['conffiles']): StepResult => {
    const before = new Map<string, LabPackage | null>();
    for (const spec of specs) {
      if (spec.broken?.includes('preinst') === true) return stepFailure('apply-failed', `${spec.name}: preinst failed`, spec.name);
      const there = host.get(spec.name);
      // As apt does: what is there in this version is only configured.
      before.set(spec.name, there?.half === true && there.spec.version === spec.version ? there.spec : unpack(spec));
    }
    for (const spec of specs) {
      const configured = configure(spec.name, before.get(spec.name) ?? null, policy);
      if (!configured.ok) return configured;
    }
    return STEP_OK;
  };
  const purge = (name: string): void => {
    host.delete(name);
    for (const suffix of ['', '.dpkg-dist', '.dpkg-old']) rmSync(conffilePath(name) + suffix, { force: true });
  };
  const specsOf = async (files: readonly PackageFile[]): Promise<readonly LabPackage[]> => Promise.all(files.map(async ({ path }) => JSON.parse(await readFile(path, 'utf8')) as LabPackage));

  const sources: OpenSources = {
    resolve: async (wanted, assumed) => {
      const then = new Map(host);
      for (const spec of await specsOf(assumed)) then.set(spec.name, { spec, state: 'installed', hold: false, auto: false });
      return resolveIn(source, then, wanted);
    },
    fetch: async (name, version, into) => {
      const found = source.find((spec) => spec.name === name && spec.version === version);
      return found === undefined ? stepFailure('version-not-found', `${name} ${version}`, name) : fileOf(found, into);
    },
    close: async () => undefined,
  };
  const system: PackageSystem = {
    conffileSuffixes: { persons: '.dpkg-old', packages: '.dpkg-dist', others: ['.dpkg-new'] },
    repair: 'mend it',
    sources: async () => [{ name: 'lab', problem: null }],
    openSources: async (names) => {
      const unknown = names.find((name) => name !== 'lab');
      return unknown === undefined ? { ok: true, sources } : stepFailure('source-unknown', `no source ${unknown}`, unknown);
    },
    exclusively: (work) => work(),
    status: async (names) => names.map((name) => {
      const found = host.get(name);
      if (found === undefined) return { name, state: 'absent', version: null, hold: false, auto: false };
      const { state, spec, hold, auto } = found;
      return { name, state, version: state === 'config-files' ? null : spec.version, hold, auto };
    }),
    broken: async () => [...host].filter(([, { state }]) => state === 'broken').map(([name]) => name),
    repeat: async (files, policy) => {
      for (const spec of await specsOf(files)) unpack(spec);
      return locked() ?? [...host.keys()].map((name) => (host.get(name)?.state === 'broken' ? configure(name, null, policy) : STEP_OK)).find(({ ok }) => !ok) ?? STEP_OK;
    },
    keepInstalled: async (name, version, into) => {
      const found = host.get(name);
      return found?.spec.version === version ? fileOf(found.spec, into) : stepFailure('prior-unavailable', `${name} ${version} is not installed`, name);
    },
    conffilesOf: async (name) => {
      const recorded = host.get(name)?.recorded;
      return recorded === undefined ? [] : [{ path: conffilePath(name), digest: `md5:${createHash('md5').update(recorded).digest('hex')}` }];
    },
    conffileIn: async (file) => Buffer.from((await specsOf([file]))[0]?.conffile ?? ''),
    install: async (files, policy) => locked() ?? install(await specsOf(files), policy),
    putBack: async ({ files, purge: away, remove }) => {
      const busy = locked();
      if (busy !== null) return busy;
      for (const name of away) purge(name);
      for (const name of remove) {
        const found = host.get(name);
        if (found !== undefined) found.state = 'config-files';
      }
      return install(await specsOf(files), 'keep');
    },
    lookAtRemoval: async (names) => {
      const needs = (name: string): string => host.get(name)?.spec.depends?.split(' ')[0] ?? '';
      const goes = (gone: readonly string[]): readonly string[] => {
        const more = [...host.keys()].filter((name) => !gone.includes(name) && gone.includes(needs(name)));
        return more.length === 0 ? gone : goes([...gone, ...more]);
      };
      const removals = goes(names);
      const staying = [...host.keys()].filter((name) => !removals.includes(name));
      return { ok: true, removals, orphans: staying.filter((name) => host.get(name)?.auto === true && !staying.some((other) => needs(other) === name)) };
    },
    remove: async (names) => {
      const busy = locked();
      if (busy !== null) return busy;
      const needed = [...host].find(([name, { spec, state }]) => state !== 'config-files' && !names.includes(name) && names.includes(spec.depends?.split(' ')[0] ?? ''));
      if (needed !== undefined) return stepFailure('apply-failed', `${needed[0]} depends on it`, needed[0]);
      for (const name of names) {
        const found = host.get(name);
        if (found !== undefined) found.state = 'config-files';
      }
      return STEP_OK;
    },
    mark: async (states) => {
      for (const { name, hold, auto } of states) Object.assign(host.get(name) ?? {}, { hold, auto });
      return STEP_OK;
    },
  };
  return {
    system,
    conffilePath,
    publish: async (packages) => { source = packages; },
    installed: async (spec) => void install([spec], 'keep'),
    hold: async (name) => void Object.assign(host.get(name) ?? {}, { hold: true }),
    runs: async (name) => {
      const found = host.get(name);
      return found === undefined || found.state === 'config-files' ? '' : `${name} ${found.spec.version}`;
    },
    unpacked: async (spec) => void unpack(spec),
    cutOff: async (spec) => {
      unpack(spec);
      Object.assign(host.get(spec.name) ?? {}, { half: true });
    },
    occupied: async () => {
      holder = 'process 4711 (somebody)';
      return async () => { holder = null; };
    },
    folder: () => mkdtemp(join(base, 'step-')),
  };
}

function resolveIn(source: readonly LabPackage[], host: ReadonlyMap<string, Installed>, wanted: PackagesSpec['install']): Resolution | StepFailure {
  const changes: PackageChange[] = [];
  const removals: string[] = [];
  const queue = [...wanted];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { name, version } = next;
    const found = source.find((spec) => spec.name === name && spec.version === version);
    const there = source.filter((spec) => spec.name === name).map((spec) => spec.version).toReversed();
    if (found === undefined) return stepFailure('version-not-found', `${name} ${version} is in none of the named sources; they have ${there.join(', ')}`, name);
    const from = host.get(name)?.spec.version ?? null;
    if (from !== version) changes.push({ name, from, to: version });
    if (found.conflicts !== undefined && host.has(found.conflicts)) removals.push(found.conflicts);
    const need = /^(\S+)(?: \(>= (\S+)\))?$/.exec(found.depends ?? '');
    if (need === null) continue;
    const [, needName = '', atLeast = ''] = need;
    const fits = (have: string): boolean => have.localeCompare(atLeast, undefined, { numeric: true }) >= 0;
    if (fits(host.get(needName)?.spec.version ?? '') && host.has(needName)) continue;
    const best = source.filter((spec) => spec.name === needName && fits(spec.version)).map((spec) => spec.version).toSorted((a, b) => b.localeCompare(a, undefined, { numeric: true }))[0];
    if (best === undefined) return stepFailure('version-not-found', `${name} needs ${found.depends}`, needName);
    queue.push({ name: needName, version: best });
  }
  // What is new because something needs it is automatic; the step marks it so, and a fake that did not care would hide it.
  return { ok: true, changes, removals };
}
