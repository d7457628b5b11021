import { createHash } from 'node:crypto';
import { constants, copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Mutation } from '../../shared/ports/mutation.ts';
import { bundlePrograms, NEVER_IN_AGENT } from './bundle-programs.ts';
import type { Bundle } from './bundle-programs.ts';
import { makeDeb } from './make-deb.ts';
import type { Compression } from './make-deb.ts';
import { nodeRuntime } from './node-runtime.ts';
import type { Architecture, NodeRuntime } from './node-runtime.ts';
import { layOutTree, RECIPES } from './package-tree.ts';
import type { PackageRecipe } from './package-tree.ts';
import { thirdPartyLicences } from './third-party-licences.ts';

export interface BuildOptions {
  readonly root: string;
  readonly version: string;
  readonly packages: readonly PackageRecipe['name'][];
  readonly architectures: readonly Architecture[];
  readonly outFolder: string;
  readonly cacheFolder: string;
  readonly compression: Compression;
  readonly mutation: Mutation | '';
  /** Another Node program than the locked one, for all architectures named. */
  readonly nodeBinary: string | null;
  /** Seconds; every time stamp in the packages. */
  readonly sourceDateEpoch: number;
  /** What is being done, where somebody waits for it. */
  readonly say?: (line: string) => void;
}

export interface BuiltPackage {
  readonly name: PackageRecipe['name'];
  readonly architecture: Architecture;
  readonly path: string;
  readonly bytes: number;
  readonly runtime: NodeRuntime;
  readonly bundle: Bundle;
  /** true where nothing changed since an earlier build. */
  readonly cached: boolean;
}

/** What a host on a thin link can be asked to fetch. */
export const AGENT_DEB_BYTES_MAX = 35 * 1024 * 1024;

/**
 * Builds the packages into `outFolder`. A package whose content did not change is taken from `cacheFolder`.
 * @throws where a package is larger than its limit, or holds what it must not.
 */
export async function buildPackages(options: BuildOptions): Promise<readonly BuiltPackage[]> {
  const built: BuiltPackage[] = [];
  mkdirSync(options.cacheFolder, { recursive: true });
  mkdirSync(options.outFolder, { recursive: true });
  for (const recipe of RECIPES.filter(({ name }) => options.packages.includes(name))) {
    const scratch = mkdtempSync(join(options.cacheFolder, 'build-'));
    try {
      const bundleFolder = join(scratch, 'bundle');
      const { root, version, mutation } = options;
      options.say?.(`${recipe.name}: bundling its programs`);
      const bundle = await bundlePrograms({ root, programs: recipe.programs, outFolder: bundleFolder, version, mutation });
      if (recipe.name === 'farrier-agent') mustStayLean(bundle);
      const licences = thirdPartyLicences(root, bundle.packageFolders);
      for (const architecture of options.architectures) {
        const runtime = nodeRuntime(root, architecture, options.cacheFolder, options.nodeBinary);
        const treeFolder = join(scratch, `tree-${architecture}`);
        layOutTree(treeFolder, { root, recipe, version, architecture, nodePath: runtime.path, bundleFolder, licences });
        built.push({ ...packTree(treeFolder, recipe.name, architecture, options), name: recipe.name, architecture, runtime, bundle });
      }
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }
  return built;
}

function packTree(treeFolder: string, name: PackageRecipe['name'], architecture: Architecture, options: BuildOptions): Pick<BuiltPackage, 'path' | 'bytes' | 'cached'> {
  const { cacheFolder, outFolder, compression, mutation, sourceDateEpoch, version, say } = options;
  // A program with a fault built in must never be taken for a release: its name says so.
  const fault = mutation === '' ? '' : `+mutation-${mutation}`;
  const fileName = `${name}_${version}${fault}_${architecture}.deb`;
  const digest = digestOfTree(treeFolder, `${compression} ${sourceDateEpoch}`);
  const kept = join(cacheFolder, `${basename(fileName, '.deb')}-${compression}-${digest.slice(0, 20)}.deb`);
  const path = join(outFolder, fileName);
  const cached = takeOver(kept, path);
  if (!cached) {
    const draft = `${kept}.${process.pid}`;
    say?.(`${fileName}: packing${compression === 'xz' ? ', about half a minute on an idle machine' : ''}`);
    makeDeb(treeFolder, draft, sourceDateEpoch, compression);
    takeOver(draft, path);
    forgetOlder(cacheFolder, `${basename(fileName, '.deb')}-${compression}-`);
    renameSync(draft, kept);
  }
  const bytes = statSync(path).size;
  if (name === 'farrier-agent' && compression === 'xz' && bytes > AGENT_DEB_BYTES_MAX) {
    throw new Error(`${path} has ${(bytes / 1024 / 1024).toFixed(1)} MB, more than ${AGENT_DEB_BYTES_MAX / 1024 / 1024}: find out what came in`);
  }
  return { path, bytes, cached };
}

function mustStayLean({ packages }: Bundle): void {
  const found = packages.filter((name) => NEVER_IN_AGENT.includes(name));
  if (found.length > 0) throw new Error(`the agent's package would hold ${found.join(', ')}: find the import that brings it in`);
}

function digestOfTree(folder: string, salt: string): string {
  const digest = createHash('sha256').update(salt);
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) => join(entry.parentPath, entry.name)).toSorted();
  for (const path of entries) {
    const stat = statSync(path);
    digest.update(`${path.slice(folder.length)} ${stat.mode & 0o7777}\n`);
    if (stat.isFile()) digest.update(readFileSync(path));
  }
  return digest.digest('hex');
}

/** Copies in one step, so that another build beside this one never shows half a package. false where there is none. */
function takeOver(from: string, to: string): boolean {
  const draft = `${to}.${process.pid}`;
  try {
    copyFileSync(from, draft, constants.COPYFILE_FICLONE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  renameSync(draft, to);
  return true;
}

/** One of a kind is kept: each is 30 or 110 MB. */
function forgetOlder(cacheFolder: string, prefix: string): void {
  for (const name of readdirSync(cacheFolder)) if (name.startsWith(prefix) && name.endsWith('.deb')) rmSync(join(cacheFolder, name), { force: true });
}
