import { glob, readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

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
        const below = await readFile(file, 'utf8');
        found.set(file, below);
        await visit(file, below);
      }
    }
  };
  await visit(path, text);
  return [...found].map(([file, content]) => ({ path: file, text: content }));
}

/** A name without a pattern has to be there. */
async function matching(pattern: string): Promise<readonly string[]> {
  if (!/[*?[]/.test(pattern)) return [pattern];
  const files: string[] = [];
  for await (const file of glob(pattern)) files.push(file);
  return files.toSorted();
}
