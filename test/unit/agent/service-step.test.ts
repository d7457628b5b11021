import { describe, expect, test } from 'vitest';

import type { UnitLook } from '../../../agent/ports/units.ts';
import { serviceStep } from '../../../agent/steps/service.ts';
import type { ServiceSpec } from '../../../shared/domain/step-spec.ts';
import { looksAtKnown } from '../../../agent/steps/prove-unit.ts';
import { fakeUnits } from '../../support/fake-units.ts';
import { hastyClock } from '../../support/runner-fakes.ts';
import { stepContext } from '../../support/step-context.ts';

const up = (mainPid: number, change: Partial<UnitLook> = {}): UnitLook => ({ activeState: 'active', subState: 'running', mainPid, startedMs: mainPid, unitFileState: 'enabled', restarts: 0, ...change });
const down: UnitLook = up(0, { activeState: 'inactive', subState: 'dead' });
const spec = (action: ServiceSpec['action']): ServiceSpec => ({ kind: 'service', name: 's', timeoutMs: 1_000, unit: 'x.service', action, looks: 3, lookIntervalMs: 10 });

/** Each look shows the next state; the last one stays. */
function lab(looks: readonly (UnitLook | null)[], restart = '') {
  const asked: string[] = [];
  let index = -1;
  const units = fakeUnits({
    look: async () => looks[Math.min((index += 1), looks.length - 1)] ?? null,
    restart: async () => (asked.push('restart'), restart),
    stop: async () => (asked.push('stop'), ''),
    lastLines: async () => 'secret lines',
  });
  let output = '';
  const context = stepContext({ output: (text) => { output += text; } });
  return { step: serviceStep(units, hastyClock), context, asked, output: () => output };
}

async function verify(looks: readonly (UnitLook | null)[]): Promise<string> {
  const { step, context, output } = lab(looks);
  const result = await step.verify(spec('restart'), { unit: down }, context);
  // What a service logged stays on the host.
  expect(JSON.stringify(result)).not.toContain('secret');
  if (!result.ok && result.outcome.code === 'unit-crashed') expect(output()).toContain('secret lines');
  return result.ok ? 'ok' : result.outcome.code;
}

describe('verify proves that a unit stays up', () => {
  test.each<[string, string, readonly (UnitLook | null)[]]>([
    ['the same process all the time', 'ok', [up(7)]],
    ['one that takes its time to start', 'ok', [up(6, { activeState: 'activating' }), up(6, { activeState: 'activating' }), up(7)]],
    ['one without a main process that stays done', 'ok', [up(0, { subState: 'exited' })]],
    ['another process at the last look', 'unit-crashed', [up(7), up(7), up(8)]],
    ['another process after a slow start', 'unit-crashed', [up(6, { activeState: 'activating' }), up(7), up(8)]],
    ['restarted by systemd under the same number', 'unit-crashed', [up(7), up(7, { restarts: 1 })]],
    ['waiting to be restarted', 'unit-crashed', [up(0, { activeState: 'activating', subState: 'auto-restart' })]],
    ['failed', 'unit-crashed', [up(7), up(0, { activeState: 'failed', subState: 'failed' })]],
    ['never started', 'unit-crashed', [down]],
    ['gone', 'unit-not-found', [up(7), null]],
  ])('%s: %s', async (_name, expected, looks) => {
    expect(await verify(looks)).toBe(expected);
  });
});

test('restart restarts, and says when systemd could not', async () => {
  const works = lab([up(7)]);
  expect(await works.step.apply(spec('restart'), { unit: down }, works.context)).toEqual({ ok: true });
  expect(works.asked).toEqual(['restart']);
  const breaks = lab([up(7)], 'Job for x.service failed');
  expect(await breaks.step.apply(spec('restart'), { unit: down }, breaks.context)).toMatchObject({ outcome: { code: 'unit-crashed', object: 'x.service' } });
});

test('guard changes nothing on the way there, whatever the unit does', async () => {
  const { step, context, asked } = lab([down]);
  expect(await step.check(spec('guard'), context)).toEqual({ ok: true, state: 'satisfied' });
  expect(await step.apply(spec('guard'), { unit: up(7) }, context)).toEqual({ ok: true });
  expect(await step.verify(spec('guard'), { unit: up(7) }, context)).toEqual({ ok: true });
  expect(asked).toEqual([]);
});

test.each<[string, ServiceSpec['action'], UnitLook, readonly UnitLook[], readonly string[], string]>([
  ['guard restarts what ran and proves it', 'guard', up(7), [up(9)], ['restart'], 'ok'],
  ['guard says when it does not stay up', 'guard', up(7), [up(9), up(9), up(10)], ['restart'], 'unit-crashed'],
  ['guard leaves alone what did not run', 'guard', down, [down], [], 'ok'],
  ['guard stops what did not run before', 'guard', down, [up(9)], ['stop'], 'ok'],
  ['restart stops what did not run before', 'restart', down, [up(9)], ['stop'], 'ok'],
  ['restart leaves what ran to the guard', 'restart', up(7), [up(9)], [], 'ok'],
])('going back: %s', async (_name, action, prior, looks, asked, expected) => {
  const at = lab(looks);
  const result = await at.step.revert(spec(action), { unit: prior }, at.context);
  expect(result.ok ? 'ok' : result.outcome.code).toBe(expected);
  expect(at.asked).toEqual(asked);
});

test('a unit that systemd does not know is named', async () => {
  const { step, context } = lab([null]);
  expect(await step.check(spec('restart'), context)).toMatchObject({ outcome: { code: 'unit-not-found', object: 'x.service' } });
});

test.each([[31, 1_000, 11], [16, 2_000, 6], [6, 300, 6], [100, 60_000, 2]])('going back, %i looks every %i ms become %i: what ran before is known to stay up', (looks, lookIntervalMs, expected) => {
  expect(looksAtKnown({ looks, lookIntervalMs })).toEqual({ looks: expected, lookIntervalMs });
});
