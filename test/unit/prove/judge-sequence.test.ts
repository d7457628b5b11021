import { expect, test } from 'vitest';

import { orderProblems, spanOf } from '../../prove/steps/judge-sequence.ts';
import { entry, records } from '../../support/journal-records.ts';

function span(host: string, fromMs: number, untilMs: number | null) {
  const told = records([entry('accepted'), entry('begin', { step: 0 }), entry('done', { step: 0 }), ...(untilMs === null ? [] : [entry('done')])]);
  const wall = [0, fromMs, fromMs, untilMs ?? 0];
  return spanOf(host, told.map((record, index) => ({ ...record, wallUnixMs: wall[index] ?? 0 })));
}

const PLANES = [span('cp1', 10, 20), span('cp2', 20, 30)];

test.each([
  ['one after another, then two workers at a time', PLANES, [span('w1', 30, 40), span('w2', 35, 50), span('w3', 40, 60)], []],
  ['two control planes at once', [...PLANES, span('cp3', 29, 33)], [], ['2 control planes were being upgraded at once, allowed: 1']],
  ['three workers at once', PLANES, [span('w1', 30, 40), span('w2', 35, 50), span('w3', 39, 60)], ['3 nodes were being upgraded at once, allowed: 2']],
  ['a worker ahead of a control plane', PLANES, [span('w1', 29, 40)], ['w1 began before the last control plane was done']],
  ['a control plane that is not done', [span('cp1', 10, null)], [span('w1', 30, 40)], ['w1 began before the last control plane was done']],
])('the journals of a cluster: %s', (_, planes, workers, problems) => {
  expect(orderProblems(planes, workers)).toEqual(problems);
});
