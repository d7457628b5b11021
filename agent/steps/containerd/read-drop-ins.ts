import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';

import { parseToml } from '../../toml/toml-file.ts';
import type { DropIn } from './drop-ins.ts';

const FILES_MAX = 128;

/**
 * What a configuration imports, and what that imports, in containerd's order: patterns as they are listed, their files by
 * name. A relative one starts where the file lies that lists it; a file is read once.
 */
export async function readDropIns(path: string, text: string): Promise<readonly DropIn[]> {
  const found = new Map<string, string>();
  const visit = async (from: string, content: string): Promise<void> => {
    const parsed = parseToml(content.replace(/^\uFEFF/, ''));
    // One that cannot be read is told where it is looked at.
    const imports = parsed.ok ? parsed.file.tree['imports'] : [];
    for (const pattern of Array.isArray(imports) ? imports.map(String) : []) {
      for (const file of await matching(resolve(dirname(from), pattern))) {
        if (file === path || found.has(file)) continue;
        if (found.size >= FILES_MAX) throw new Error(`${path} imports more than ${FILES_MAX} files`);
        const below = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
          // containerd 2 goes on without it, 1.x says so when it reads the draft.
          if (error.code === 'ENOENT') return null;
          throw error;
        });
        if (below === null) continue;
        found.set(file, below);
        await visit(file, below);
      }
    }
  };
  await visit(path, text);
  return [...found].map(([file, content]) => ({ path: file, text: content }));
}

/** As Go's filepath.Glob, which takes names that begin with a dot too. Without a `*` it is no pattern. */
async function matching(pattern: string): Promise<readonly string[]> {
  if (!pattern.includes('*')) return [pattern];
  let found: readonly string[] = [''];
  for (const segment of pattern.split('/').slice(1)) {
    const below = await Promise.all(found.map(async (folder) => (await readdir(folder === '' ? '/' : folder).catch(() => [])).map((name) => `${folder}/${name}`)));
    const wanted = patternOf(segment);
    found = below.flat().filter((path) => wanted.test(basename(path)));
  }
  return found.toSorted();
}

function patternOf(segment: string): RegExp {
  return new RegExp(`^${segment.replaceAll(/[.+^${}()|]/g, String.raw`\$&`).replaceAll('*', '.*').replaceAll('?', '.')}$`, 's');
}
