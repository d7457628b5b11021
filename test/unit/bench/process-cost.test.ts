import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { agentFlags } from '../../bench/bench-fleet.ts';
import { startProgram } from '../../bench/measured-program.ts';
import { median } from '../../bench/median.ts';
import { costOf } from '../../bench/process-cost.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'farrier-unit-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('reads memory and CPU time, whatever the program calls itself', () => {
  mkdirSync(join(folder, '7'));
  writeFileSync(join(folder, '7/smaps_rollup'), '5-6 ---p 0 00:00 0 [rollup]\nRss:   65536 kB\nPss:   32768 kB\nPrivate_Clean:  1024 kB\nPrivate_Dirty:   2048 kB\n');
  writeFileSync(join(folder, '7/stat'), '7 (odd ) name) S 1 7 7 0 -1 4194304 1 0 0 0 150 50 0 0 20 0 11 0 99\n');
  expect(costOf(7, folder)).toEqual({ rssMb: 64, pssMb: 32, privateMb: 3, cpuMs: 2000 });
});

test('a living process costs something', () => {
  expect(costOf(process.pid).rssMb).toBeGreaterThan(10);
  expect(() => costOf(2 ** 30)).toThrow();
});

test.each([[[3, 1, 2], 2], [[4, 1, 2, 3], 2.5], [[5], 5]])('the median of %o is %d', (values, middle) => {
  expect(median(values)).toBe(middle);
});

test('a program that ends without its word is an error, one that says it is timed', async () => {
  await expect(startProgram(['sh', '-c', 'echo no']).said(/yes/, 5000)).rejects.toThrow(/ended without saying yes: no/);
  const program = startProgram(['sh', '-c', 'echo yes; exec sleep 60']);
  expect((await program.said(/yes/, 5000)).afterMs).toBeGreaterThan(0);
  await expect(program.said(/never/, 50)).rejects.toThrow(/did not say never in 50 ms/);
  await program.stop();
  expect(() => costOf(program.pid)).toThrow();
});

test('the agent is measured with the flags that its package starts it with', () => {
  expect(agentFlags()).toContain('--jitless');
});
