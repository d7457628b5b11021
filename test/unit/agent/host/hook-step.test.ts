import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { runProgram } from '../../../../agent/adapters/run-program.ts';
import { hookStep } from '../../../../agent/steps/hook/hook.ts';
import type { HookSpec } from '../../../../shared/domain/steps/hook-spec.ts';
import { stepContext } from '../../../support/step-context.ts';
import { codeOf, runWhole, upToCapture } from '../../../support/step-run.ts';

let base: string;
let output: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'hook-'));
  output = '';
  for (const name of ['hooks.d', 'step']) mkdirSync(join(base, name));
});
afterEach(() => rmSync(base, { recursive: true }));

const context = (signal = new AbortController().signal) => stepContext({ folder: join(base, 'step'), signal, node: 'n7', rollout: 'r9', output: (text) => { output += text; } });
const spec = (change: Partial<HookSpec> = {}): HookSpec => ({ kind: 'hook', name: 'h', timeoutMs: 1_000, hook: 'switch', args: ['--to', 'a b; $(touch /oops)'], reversible: true, ...change });
const step = () => hookStep(runProgram, join(base, 'hooks.d'));
const log = (): string => readFileSync(join(base, 'log'), 'utf8');

/** Writes down how it was called; `body` may end it. */
function hook(body = '', mode = 0o755): string {
  const path = join(base, 'hooks.d/switch');
  writeFileSync(path, `#!/bin/sh\n# farrier-hook: check\necho "$@" >>${base}/log\n${body}\nexit 0\n`);
  chmodSync(path, mode);
  return path;
}

test('is called by argument list, in an environment that is bounded', async () => {
  hook(`[ "$1" = check ] && exit 100; env >${base}/env; pwd >>${base}/env; echo said`);
  const { prior, code } = await runWhole(step(), spec(), context());
  expect(code).toBe('ok');
  expect(codeOf(await step().revert(spec(), prior, context()))).toBe('ok');
  expect(log()).toBe(['check', 'apply', 'verify', 'revert'].map((verb) => `${verb} --to a b; $(touch /oops)\n`).join(''));
  const environment = readFileSync(join(base, 'env'), 'utf8').trim().split('\n').filter((line) => !/^(?:PWD|_|SHLVL)=/.test(line)).toSorted();
  expect(environment).toEqual(['/', 'FARRIER_NODE=n7', 'FARRIER_ROLLOUT=r9', 'FARRIER_STEP=h', `FARRIER_STEP_FOLDER=${base}/step`, 'HOME=/root', 'LC_ALL=C.UTF-8', expect.stringMatching(/^PATH=/)]);
  expect(output).toContain('said');
});

test.each<[string, string, string]>([
  ['0', 'satisfied', ''],
  ['100', 'needed', ''],
  ['1', 'apply-failed switch', ''],
  ['0', 'needed', 'not asked'],
])('check ends with %s: %s %s', async (exit, expected, asked) => {
  const path = hook(`exit ${exit}`);
  if (asked !== '') writeFileSync(path, readFileSync(path, 'utf8').replace('# farrier-hook: check\n', '# farrier-hook: checked\n'));
  const checked = await step().check(spec(), context());
  expect(checked.ok ? checked.state : codeOf(checked)).toBe(expected);
});

test.each([['apply', 'apply-failed switch'], ['verify', 'verify-failed switch'], ['revert', 'revert-failed switch']])('%s that fails is said to have', async (verb, code) => {
  hook(`[ "$1" = check ] && exit 100; [ "$1" = ${verb} ] && { echo secret; exit 3; }`);
  const { prior, code: forward } = await runWhole(step(), spec(), context());
  const back = await step().revert(spec(), prior, context());
  expect(verb === 'revert' ? codeOf(back) : forward).toBe(code);
  expect(JSON.stringify([forward, back])).not.toContain('secret');
});

describe('a hook that changed since it was captured is not run', () => {
  test.each(['apply', 'verify', 'revert', 'canRevert'] as const)('%s', async (call) => {
    hook('[ "$1" = check ] && exit 100');
    const prior = await upToCapture(step(), spec(), context());
    if (call !== 'apply') await step().apply(spec(), prior, context());
    const before = log();
    hook('[ "$1" = check ] && exit 100; true');
    expect(codeOf(await step()[call](spec(), prior, context()))).toBe('hook-changed switch');
    expect(log()).toBe(before);
  });
});

describe('refused', () => {
  test.each<[string, (path: string) => void]>([
    ['not there', (path) => rmSync(path)],
    ['a link', (path) => { rmSync(path); symlinkSync('/bin/true', path); }],
    ['a folder', (path) => { rmSync(path); mkdirSync(path); }],
    ['somebody’s', (path) => chownSync(path, 1000, 0)],
    ['writable by its group', (path) => chmodSync(path, 0o775)],
    ['not to be run', (path) => chmodSync(path, 0o644)],
    ['in somebody’s folder', () => chownSync(join(base, 'hooks.d'), 1000, 0)],
    ['in a folder that all write to', () => chmodSync(join(base, 'hooks.d'), 0o777)],
  ])('%s', async (_name, make) => {
    make(hook());
    for (const result of [await step().stage(spec(), context()), await step().check(spec(), context()), await step().capture(spec(), context())]) {
      expect(codeOf(result)).toBe('hook-unknown switch');
    }
    expect(() => log()).toThrow();
  });
});

describe('the way back', () => {
  test('a hook that never ran is not asked to take anything back', async () => {
    hook('[ "$1" = check ] && exit 100');
    const prior = await upToCapture(step(), spec(), context());
    expect(codeOf(await step().revert(spec(), prior, context()))).toBe('ok');
    expect(log()).not.toContain('revert');
  });

  test('one that cannot be taken back is a point of no return from where it was begun', async () => {
    hook('[ "$1" = check ] && exit 100; exit 9');
    const oneWay = spec({ reversible: false });
    expect(step().pointOfNoReturn?.(oneWay)).toContain('switch');
    expect(step().pointOfNoReturn?.(spec())).toBeNull();
    const prior = await upToCapture(step(), oneWay, context());
    expect(await step().crossed?.(oneWay, prior, context())).toBe(false);
    expect(codeOf(await step().apply(oneWay, prior, context()))).toBe('apply-failed switch');
    expect(await step().crossed?.(oneWay, prior, context())).toBe(true);
    expect(await step().crossed?.(spec(), prior, context())).toBe(false);
  });
});

test('time is up: it is ended with all that it started', { timeout: 30_000 }, async () => {
  hook(`[ "$1" = check ] && exit 100; sleep 600 & echo $! >${base}/child; wait`);
  const prior = await upToCapture(step(), spec(), context());
  const timer = AbortSignal.timeout(300);
  await expect(step().apply(spec(), prior, context(timer))).rejects.toThrow();
  const child = readFileSync(join(base, 'child'), 'utf8').trim();
  // A child of nobody is collected by init in its own time.
  const state = (): string => /^State:\s+(\S)/m.exec(existsSync(`/proc/${child}/status`) ? readFileSync(`/proc/${child}/status`, 'utf8') : '')?.[1] ?? 'gone';
  await expect.poll(state).toMatch(/^(?:gone|Z)$/);
});
