import { access, chmod, chown, copyFile, lstat, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { FileResult, PackageCall } from '../../ports/package-system.ts';
import { stepFailure } from '../../steps/step.ts';
import type { PackageParts } from '../packages/package-parts.ts';
import { readDeb } from './deb-file.ts';
import { ownArchitecture } from './dpkg-status.ts';
import { invoke, mustRun } from './invoke-apt.ts';

/** An argument list has an end. */
const FILES_A_CALL = 500;
const ARCHIVES = '/var/cache/apt/archives';

/** Fields that dpkg adds to what a package said of itself (dpkg-query(1)). */
const DPKG_FIELDS = /^(?:Status|Conffiles|Config-Version|Triggers-Pending|Triggers-Awaited)$/;

/** The installed version of a package as a .deb: apt's own copy, else packed again. */
export async function keepInstalled(parts: PackageParts, name: string, version: string, into: string, call: PackageCall): Promise<FileResult> {
  const path = join(into, `${name}.deb`);
  const cached = await cachedDeb(parts, name, version, call);
  if (cached !== null) {
    await copyFile(cached, path);
    return { ok: true, file: await readDeb(parts, path, call) };
  }
  return repack(parts, name, path, call);
}

/** The folder belongs to root; its files were verified when they were fetched. */
async function cachedDeb(parts: PackageParts, name: string, version: string, call: PackageCall): Promise<string | null> {
  const plain = name.split(':')[0] ?? name;
  for (const architecture of [name.split(':')[1] ?? (await ownArchitecture(parts, call)), 'all']) {
    const path = join(ARCHIVES, `${plain}_${version.replaceAll(':', '%3a')}_${architecture}.deb`);
    if (!(await access(path).then(() => true, () => false))) continue;
    const found = await readDeb(parts, path, call).catch(() => null);
    if (found?.name === name && found.version === version) return path;
  }
  return null;
}

/**
 * What dpkg-repack(1) does: the files on disk with the control files that dpkg kept. The configuration files are as
 * they are now, which is what going back is to bring back.
 */
async function repack(parts: PackageParts, name: string, path: string, call: PackageCall): Promise<FileResult> {
  const tree = `${path}.tree`;
  await rm(tree, { recursive: true, force: true });
  await mkdir(join(tree, 'DEBIAN'), { recursive: true, mode: 0o755 });
  try {
    const listed = (await mustRun(parts, ['dpkg-query', '--listfiles', name], call)).split('\n').filter((line) => line !== '');
    const diverted = listed.find((line) => !line.startsWith('/'));
    if (diverted !== undefined) return stepFailure('prior-unavailable', `${name} cannot be packed again, files of it are diverted (${diverted}); give a source that has its installed version`, name);
    await copyFiles(parts, listed, tree, call);
    await writeControl(parts, name, join(tree, 'DEBIAN'), call);
    const built = await invoke(parts, ['dpkg-deb', '-Zgzip', '-z1', '--build', tree, path], call);
    if (built.code !== 0) return stepFailure('prior-unavailable', `${name} cannot be packed again: ${built.stderr.slice(-300)}`, name);
    return { ok: true, file: await readDeb(parts, path, call) };
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
}

/**
 * With owner, mode, times and file capabilities; what somebody deleted (documentation of a pruned image) stays away.
 * Where the package has a folder and the host a link to one (/lib on a merged /usr), the package's folder is packed.
 */
async function copyFiles(parts: PackageParts, listed: readonly string[], tree: string, call: PackageCall): Promise<void> {
  const parents = new Set(listed.map((path) => path.slice(0, path.lastIndexOf('/'))));
  const files: string[] = [];
  for (const path of listed.filter((one) => one !== '/.')) {
    const state = await (parents.has(path) ? stat(path) : lstat(path)).catch(() => null);
    if (state === null) continue;
    if (!state.isDirectory()) {
      files.push(path.slice(1));
      continue;
    }
    const target = join(tree, path);
    await mkdir(target, { recursive: true });
    await chown(target, state.uid, state.gid);
    await chmod(target, state.mode & 0o7777);
  }
  for (let from = 0; from < files.length; from += FILES_A_CALL) {
    const some = files.slice(from, from + FILES_A_CALL);
    const { code, stderr } = await invoke(parts, ['cp', '--archive', '--no-dereference', '--parents', '--', ...some, tree], call, { cwd: '/' });
    if (code !== 0) throw Object.assign(new Error(stderr.slice(-300)), /No space left/.test(stderr) ? { code: 'ENOSPC' } : {});
  }
}

async function writeControl(parts: PackageParts, name: string, folder: string, call: PackageCall): Promise<void> {
  const status = await mustRun(parts, ['dpkg-query', '--status', name], call);
  await writeFile(join(folder, 'control'), withoutDpkgFields(status));
  const kept = (await mustRun(parts, ['dpkg-query', '--control-list', name], call)).split('\n').filter((file) => file !== '' && file !== 'md5sums' && file !== 'list');
  for (const file of kept) {
    const source = (await mustRun(parts, ['dpkg-query', '--control-path', name, file], call)).trim();
    await copyFile(source, join(folder, file));
    await chmod(join(folder, file), /^(?:pre|post)(?:inst|rm)$|^config$/.test(file) ? 0o755 : 0o644);
  }
}

/** Leaves out whole fields, their continuation lines too. */
export function withoutDpkgFields(status: string): string {
  let skipping = false;
  const lines = status.trimEnd().split('\n').filter((line) => {
    if (!/^\s/.test(line)) skipping = DPKG_FIELDS.test(line.split(':')[0] ?? '');
    return !skipping;
  });
  return `${lines.join('\n')}\n`;
}
