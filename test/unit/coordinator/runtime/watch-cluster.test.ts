import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';

import { decide } from '../../../../coordinator/core/decide.ts';
import type { ClusterView } from '../../../../coordinator/core/world.ts';
import { nowOf } from '../../../../coordinator/runtime/fleet-state.ts';
import { watchCluster } from '../../../../coordinator/runtime/watch-cluster.ts';
import { decisionLines } from '../../../support/decision-lines.ts';
import { aFleet } from '../../../support/fleet-state.ts';
import { lineLogger } from '../../../support/line-logger.ts';
import { manualClock } from '../../../support/manual-clock.ts';
import { aFrozen, aProgress, aRollout, assigned, aView } from '../../../support/world-builder.ts';

const NAMES = ['n1', 'n2', 'n3'];
const READY: ClusterView = { ready: true, unschedulable: false };

test('I1: an API server that is away makes no node a repair that needs no room', async () => {
  const clock = manualClock();
  const rollout = aRollout('r1', aFrozen('r1', [NAMES]), { type: 'wave-opened', wave: 'w0' }, ...NAMES.map((name) => assigned(name)));
  const state = aFleet(NAMES.map((name) => aView(name, { progress: [aProgress('staged')] })), [rollout]);
  const slots = (): readonly string[] => decisionLines(decide(state, nowOf(clock))).filter((line) => line.startsWith('slot'));
  let answer: () => ReadonlyMap<string, ClusterView> = () => new Map(NAMES.map((name) => [name, READY]));
  const away = (): never => {
    throw new Error('connect ECONNREFUSED');
  };
  const { logger, lines } = lineLogger();
  const stop = new AbortController();
  const watching = watchCluster({ read: async () => answer() }, { state, clock, logger, changed: () => undefined }, stop.signal);
  const next = async (): Promise<void> => {
    clock.advance(5_000);
    await setImmediate();
  };
  await setImmediate();
  expect(slots()).toEqual(['slot n1 r1#1']);
  answer = away;
  await next();
  await next();
  expect(slots()).toEqual([]);
  expect(lines.filter((line) => line.includes('does not answer'))).toHaveLength(1);
  answer = () => new Map(NAMES.map((name) => [name, { ...READY, ready: name !== 'n3' }]));
  await next();
  expect(slots()).toEqual(['slot n3 r1#1']);
  answer = away;
  await next();
  expect(slots(), 'what was out before still is').toEqual(['slot n3 r1#1']);
  stop.abort();
  await watching;
});
