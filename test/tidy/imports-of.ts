import { posix } from 'node:path';
import { viewSource } from './source-text.ts';

export interface Import {
  /** A path from the root of the repository where it was relative, else as written. */
  readonly target: string;
  readonly kind: 'static' | 'dynamic' | 'type';
}

/** Everything that a file imports or exports again. `path` is from the root of the repository. */
export function importsOf(path: string, text: string): readonly Import[] {
  const source = viewSource(text, 'code-and-strings');
  const found: Import[] = [];
  const add = (specifier: string | undefined, kind: Import['kind']): void => {
    if (specifier === undefined) return;
    found.push({ target: specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : specifier, kind });
  };
  for (const match of source.matchAll(/^\s*(?:import|export)\s+(type\s)?(?:[^'";()=]*?\sfrom\s+)?(['"])([^'"]+)\2/gm)) {
    add(match[3], match[1] === undefined ? 'static' : 'type');
  }
  // `import('x')` as a type carries no code; as an expression it loads when it is reached.
  for (const match of source.matchAll(/(typeof\s+|:\s*)?\bimport\(\s*(['"])([^'"]+)\2\s*\)/g)) add(match[3], match[1] === undefined ? 'dynamic' : 'type');
  return found;
}

/** The name of the package that a specifier belongs to, or null for a path of this repository and for Node's own. */
export function packageOf(target: string): string | null {
  if (/^(node:|(agent|coordinator|shared|proto|systemd|test)\/)/.test(target)) return null;
  return target.split('/').slice(0, target.startsWith('@') ? 2 : 1).join('/');
}
