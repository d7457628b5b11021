import { globOf } from './glob.ts';

/** /etc/zypp/locks: paragraphs of `field: value`, of which these are what `zypper addlock` writes for a name. */
const FIELDS = ['type: package', 'match_type: glob', 'case_sensitive: on'];

export function isLocked(locks: string, name: string): boolean {
  return paragraphs(locks).some((paragraph) => names(paragraph, name));
}

/** Idempotent. */
export function lock(locks: string, name: string): string {
  return isLocked(locks, name) ? locks : `${locks.trimEnd()}\n\n${[...FIELDS, `solvable_name: ${name}`].join('\n')}\n\n`;
}

/** Idempotent. A lock by a pattern of names is its owner's alone: it stays as it is, and so do other names in the same paragraph. */
export function unlock(locks: string, name: string): string {
  const line = `solvable_name: ${name}`;
  const before = paragraphs(locks);
  if (!before.some((paragraph) => paragraph.split('\n').includes(line))) return locks;
  const after = before.flatMap((paragraph) => {
    const left = paragraph.split('\n').filter((each) => each !== line).join('\n');
    return left === paragraph || patternsIn(left).length > 0 ? [left] : [];
  });
  return `\n${after.map((paragraph) => `${paragraph}\n\n`).join('')}`;
}

function paragraphs(locks: string): readonly string[] {
  return locks.split(/\n{2,}/).map((paragraph) => paragraph.trim()).filter((paragraph) => paragraph !== '');
}

function names(paragraph: string, name: string): boolean {
  const type = /^type: (.+)$/m.exec(paragraph)?.[1] ?? 'package';
  return type === 'package' && patternsIn(paragraph).some((pattern) => globOf(pattern).test(name));
}

function patternsIn(paragraph: string): readonly string[] {
  return [...paragraph.matchAll(/^solvable_name: (.+)$/gm)].map(([, pattern = '']) => pattern);
}
