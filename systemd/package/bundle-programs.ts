import { build } from 'esbuild';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import type { Mutation } from '../../shared/ports/mutation.ts';
import { lazyPackages } from './lazy-packages.ts';

export interface BundleOptions {
  readonly root: string;
  /** Name of a program to its first file, from the root of the repository. */
  readonly programs: Readonly<Record<string, string>>;
  readonly outFolder: string;
  readonly version: string;
  /** Always '' but for a program with which a proof shows that it can fail. */
  readonly mutation: Mutation | '';
}

/** What no package of the agent may hold: it would cost more memory than the agent itself. */
export const NEVER_IN_AGENT: readonly string[] = ['nats', '@kubernetes/client-node', 'pino', 'fastify', 'commander', 'listr2', 'zod'];

export interface Bundle {
  /** npm packages that went in. */
  readonly packages: readonly string[];
  /** Where they lie, from the root of the repository: one package may be there in two versions. */
  readonly packageFolders: readonly string[];
  /** Those of them that a start loads: the others lie in files of their own until an import() asks for them. */
  readonly eagerPackages: Readonly<Record<string, readonly string[]>>;
}

/**
 * Writes `<program>.mjs` beside what it imports, and the protos, which the programs read. What is loaded on demand lies in
 * files of its own: it costs no memory before it is wanted (one file: agent 69 MB instead of 64, coordinator 149 instead of 92).
 */
export async function bundlePrograms({ root, programs, outFolder, version, mutation }: BundleOptions): Promise<Bundle> {
  const result = await build({
    absWorkingDir: root,
    entryPoints: { ...programs },
    outdir: outFolder,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    outExtension: { '.js': '.mjs' },
    // Names stay, so that a stack trace can be read; short lines, so that it can be found.
    minifySyntax: true,
    minifyWhitespace: true,
    lineLimit: 160,
    legalComments: 'none',
    define: { FARRIER_VERSION: JSON.stringify(version), FARRIER_MUTATION: JSON.stringify(mutation) },
    // Packages written for require() ask for Node's own modules with it.
    banner: { js: "import { createRequire as farrierCreateRequire } from 'node:module';\nconst require = farrierCreateRequire(import.meta.url);" },
    plugins: [lazyPackages],
    metafile: true,
    write: true,
    logLevel: 'warning',
  });
  for (const folder of ['proto/etcd', 'proto/farrier', 'proto/runtime']) cpSync(join(root, folder), join(outFolder, folder), { recursive: true });
  const { outputs } = result.metafile;
  const entryOf = (program: string): string => Object.keys(outputs).find((path) => path.endsWith(`/${program}.mjs`)) ?? '';
  return {
    packages: packagesOf(Object.keys(outputs), outputs),
    packageFolders: foldersOf(Object.keys(outputs), outputs),
    eagerPackages: Object.fromEntries(Object.keys(programs).map((program) => [program, packagesOf(eagerFiles(entryOf(program), outputs), outputs)])),
  };
}

type Outputs = NonNullable<Awaited<ReturnType<typeof build>>['metafile']>['outputs'];

function eagerFiles(entry: string, outputs: Outputs): readonly string[] {
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const { path: target, kind } of outputs[path]?.imports ?? []) if (kind === 'import-statement' && outputs[target] !== undefined) visit(target);
  };
  visit(entry);
  return [...seen];
}

function packagesOf(files: readonly string[], outputs: Outputs): readonly string[] {
  return [...new Set(foldersOf(files, outputs).map((folder) => folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length)))].toSorted();
}

function foldersOf(files: readonly string[], outputs: Outputs): readonly string[] {
  const used = files.flatMap((file) => Object.entries(outputs[file]?.inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path));
  const folders = used.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []);
  return [...new Set(folders.map((folder) => folder.replace(/^[a-z-]+:/, '')))].toSorted();
}
