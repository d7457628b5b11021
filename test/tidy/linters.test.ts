import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ROOT } from './repository.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'farrier-tidy-'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  write('tsconfig.json', readFileSync(join(ROOT, 'tsconfig.json'), 'utf8'));
  write('package.json', '{ "name": "sample", "type": "module" }');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ['typescript(no-floating-promises)', 'agent/x.ts', 'async function f(): Promise<void> {}\nexport function g(): void { f(); }'],
  ['import(no-default-export)', 'agent/x.ts', 'export default 1;'],
  ['typescript(consistent-type-imports)', 'agent/x.ts', "import { Stats } from 'node:fs';\nexport function f(s: Stats): number { return s.size; }"],
  ['typescript(no-explicit-any)', 'agent/x.ts', 'export function f(x: any): void { void x; }'],
  ['typescript(switch-exhaustiveness-check)', 'agent/x.ts', "export function f(x: 'a' | 'b'): number { switch (x) { case 'a': return 1; } return 2; }"],
  ['eslint(no-console)', 'agent/x.ts', 'export function f(): void { console.log(1); }'],
  ['eslint(eqeqeq)', 'agent/x.ts', 'export function f(x: number): boolean { return x == 1; }'],
  ['eslint(no-restricted-imports)', 'agent/x.ts', "import { exec } from 'node:child_process';\nexport const x = exec;"],
  ['unicorn(filename-case)', 'agent/someFile.ts', 'export const x = 1;'],
  ['eslint(no-restricted-globals)', 'agent/core/x.ts', 'export function f(): number { return performance.now(); }'],
  ['eslint(no-restricted-globals)', 'shared/domain/x.ts', 'export function f(): void { setTimeout(() => {}, 1); }'],
  ['eslint(no-restricted-globals)', 'coordinator/core/gates/x.ts', "export function f(): unknown { return process.env['A']; }"],
  ['eslint(no-restricted-properties)', 'agent/core/x.ts', 'export function f(): number { return Math.random(); }'],
  ['vitest(no-focused-tests)', 'test/x.test.ts', "import { test } from 'vitest';\ntest.only('a', () => {});"],
])('oxlint finds %s in %s', (rule, path, text) => {
  write(path, `${text}\n`);
  expect(outputOf('oxlint', ['--config', join(ROOT, 'test/tidy/oxlint.json'), '--type-aware', '--deny-warnings', path])).toContain(rule);
});

test('oxlint passes what is clean', () => {
  write('agent/core/x.ts', 'export function double(x: number): number {\n  return x * 2;\n}\n');
  expect(outputOf('oxlint', ['--config', join(ROOT, 'test/tidy/oxlint.json'), '--type-aware', '--deny-warnings', 'agent'])).toBe('');
});

test('knip finds a file and an export that nobody uses', () => {
  write('agent/main.ts', "import { used } from './parts.ts';\nused();\n");
  write('agent/parts.ts', 'export function used(): void {}\nexport function unused(): void {}\n');
  write('agent/dead.ts', 'export const x = 1;\n');
  const output = outputOf('knip', ['--config', join(ROOT, 'test/tidy/knip.json'), '--no-config-hints']);
  expect(output).toContain('agent/dead.ts');
  expect(output).toContain('unused');
  expect(output).not.toContain('agent/main.ts');
});

test('tsc finds an enum, which type stripping cannot run', () => {
  write('agent/x.ts', 'export enum Colour { Red }\n');
  expect(outputOf('tsc', ['--noEmit'])).toContain('TS1294');
});

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

/** What a linter says where it fails; empty where it passes. */
function outputOf(program: string, args: readonly string[]): string {
  try {
    execFileSync(join(ROOT, 'node_modules/.bin', program), args, { cwd: folder, stdio: 'pipe', timeout: 60_000, env: { ...process.env, NO_COLOR: '1' } });
    return '';
  } catch (error) {
    const { stdout, stderr } = error as { stdout: Buffer; stderr: Buffer };
    return `${stdout.toString()}${stderr.toString()}`;
  }
}
