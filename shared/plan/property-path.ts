import type { PropertyPath } from './problem.ts';

/** `spec.waves[0].select.labels["kubernetes.io/role"]` */
export function formatPath(path: PropertyPath): string {
  return path.map((part, index) => formatPart(part, index === 0)).join('');
}

/** Reads what formatPath writes. */
export function parsePath(text: string): PropertyPath {
  const parts = text.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([^.[\]]+)/g);
  return [...parts].map(([, index, quoted, word]) => {
    if (index !== undefined) return Number(index);
    return quoted === undefined ? (word ?? '') : String(JSON.parse(quoted));
  });
}

function formatPart(part: string | number, first: boolean): string {
  if (typeof part === 'number') return `[${part}]`;
  if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(part)) return `[${JSON.stringify(part.slice(0, 128).toWellFormed())}]`;
  return first ? part : `.${part}`;
}
