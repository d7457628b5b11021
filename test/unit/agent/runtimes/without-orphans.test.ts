import { expect, test } from 'vitest';

import { withoutOrphans } from '../../../../agent/adapters/runtimes/without-orphans.ts';
import type { ProgramResult } from '../../../../agent/ports/programs.ts';
import { MemoryCri } from '../../../support/memory-cri.ts';

const signal = new AbortController().signal;
const LABEL = { key: 'farrier.probe', value: 'true' };

test('what CRI lost is counted, stopped and removed, and nothing is asked before CRI has none', async () => {
  const [cri, did]: [MemoryCri, string[]] = [new MemoryCri(), []];
  let left = ['abc'];
  const run = async (argv: readonly string[]): Promise<ProgramResult> => {
    did.push(argv.join(' '));
    if (argv.includes('list')) return { code: 0, stdout: left.map((id) => `${id}\n`).join(''), stderr: '' };
    if (argv.includes('containers')) left = [];
    return { code: argv.includes('tasks') ? 1 : 0, stdout: '', stderr: 'no such task' };
  };
  const whole = withoutOrphans(cri, run, ['ctr']);
  cri.silent = 'nobody listens';
  expect(await whole.removePods(LABEL, signal)).toBe('nobody listens');
  expect(did).toEqual([]);
  cri.silent = '';
  expect(await whole.countPods(LABEL, signal)).toEqual({ ok: true, count: 1 });
  expect(await whole.removePods(LABEL, signal)).toBe('');
  expect(await whole.countPods(LABEL, signal)).toEqual({ ok: true, count: 0 });
  expect(did.slice(1, 4)).toEqual([
    'ctr --namespace k8s.io containers list --quiet labels."farrier.probe"==true',
    'ctr --namespace k8s.io tasks delete --force abc',
    'ctr --namespace k8s.io containers delete abc',
  ]);
});

test('one that cannot be removed is told', async () => {
  const run = async (argv: readonly string[]): Promise<ProgramResult> => ({ code: argv.includes('list') ? 0 : 1, stdout: 'abc\n', stderr: 'has running task\n' });
  expect(await withoutOrphans(new MemoryCri(), run, ['ctr']).removePods(LABEL, signal)).toBe('container abc cannot be removed: has running task');
});
