import type { Proved } from './prove-boundaries.ts';
import { say } from './say.ts';

/** What every host ended as, a line a record. */
export function printBoundaries(proved: readonly Proved[]): void {
  const lines = new Map<string, { before: string; after: string }>();
  for (const { inflicted, boundary } of proved) {
    const key = `  ${inflicted.padEnd(10)} ${boundary.path.padEnd(9)} ${boundary.label}`;
    const line = lines.get(key) ?? { before: '-', after: '-' };
    line[boundary.side] = boundary.path === 'upgrade' ? 'new' : 'old';
    lines.set(key, line);
  }
  say(`  ${'FAULT'.padEnd(10)} ${'PATH'.padEnd(9)} ${'RECORD'.padEnd(20)} BEFORE  AFTER   (fully new, fully old)`);
  for (const [key, { before, after }] of lines) say(`${key.padEnd(43)} ${before.padEnd(7)} ${after}`);
}
