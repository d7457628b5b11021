import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';

import { DrainCalls } from '../../../../coordinator/runtime/drain-calls.ts';
import { watchCordons } from '../../../../coordinator/runtime/watch-cordons.ts';
import { aFleet } from '../../../support/fleet-state.ts';
import { lineLogger } from '../../../support/line-logger.ts';
import { manualClock } from '../../../support/manual-clock.ts';
import { MemoryCluster } from '../../../support/memory-cluster.ts';
import { memoryDrain } from '../../../support/memory-drain.ts';
import { aView, EPOCH } from '../../../support/world-builder.ts';

test('a cordon of a later epoch raises this leader’s; a cluster that does not answer is said once', async () => {
  const clock = manualClock();
  const cluster = new MemoryCluster(['n1']);
  const drain = memoryDrain(cluster);
  const state = aFleet([aView('n1')]);
  const { logger, lines } = lineLogger();
  const calls = new DrainCalls({ state, drain, clock, logger, changed: () => undefined });
  const raised: number[] = [];
  const raiseEpoch = async (above: number): Promise<void> => {
    raised.push(above);
    state.epoch = above + 1;
  };
  await drain.cordon('n1', { fleet: state.fleet, rollout: 'lost', epoch: EPOCH + 4 }, new AbortController().signal);
  const stop = new AbortController();
  const watching = watchCordons(calls, { state, clock, logger, raiseEpoch }, stop.signal);
  const pass = async (): Promise<void> => {
    await setImmediate();
    clock.advance(5_000);
    await setImmediate();
  };
  await pass();
  await pass();
  expect(raised).toEqual([EPOCH + 4]);
  expect([...state.cordons!.keys()]).toEqual(['n1']);
  cluster.isReachable = false;
  await pass();
  await pass();
  expect(lines.filter((line) => line.includes('nobody can say which nodes are cordoned'))).toHaveLength(1);
  stop.abort();
  await watching;
});
