import { plainText } from './plain-text.ts';

/** Columns as wide as their widest cell; nothing after the last one. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const cells = [head, ...rows.map((row) => row.map((cell) => plainText(cell) || '-'))];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd());
}

/** `name  value` lines; what is empty is left out. */
export function printFacts(facts: readonly (readonly [string, string])[]): readonly string[] {
  const shown = facts.filter(([, value]) => value !== '');
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${plainText(value)}`);
}
