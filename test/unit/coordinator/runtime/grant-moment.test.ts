import { expect, it } from 'vitest';

import { aFrozen, aProgress, assigned, aView, SESSIONS } from '../../../support/world-builder.ts';
import { emptyLedger } from '../../../../coordinator/core/ledger.ts';
import { Controller } from '../../../../coordinator/runtime/controller.ts';
import { FleetLog } from '../../../../coordinator/runtime/fleet-log.ts';
import { type FleetState, updateNode } from '../../../../coordinator/runtime/fleet-state.ts';
import type { Performer } from '../../../../coordinator/runtime/perform.ts';
import { raiseEpoch } from '../../../../coordinator/runtime/raise-epoch.ts';
import { DEFAULT_POLICY } from '../../../../shared/domain/policy.ts';
import { systemClock } from '../../../../shared/ports/system-clock.ts';
import { memoryStore } from '../../../support/memory-store.ts';
import { silentLogger } from '../../../support/silent-logger.ts';

it.each([
  ['goes down', { ready: false, unschedulable: false }, 0],
  ['stays up', { ready: true, unschedulable: false }, 1],
])('I1: where the other node %s while the tick still appends, the grant counts it', async (_what, cluster, granted) => {
  const store = memoryStore();
  const policy = { ...DEFAULT_POLICY, maxUnavailable: { ...DEFAULT_POLICY.maxUnavailable, fleet: { unit: 'nodes', value: 1 } as const } };
  const state: FleetState = { fleet: 'f', epoch: 0, policy, ledger: emptyLedger(), nodes: new Map(), nodeLogs: new Map(), rollouts: new Map() };
  state.nodes.set('a', aView('a', { session: SESSIONS.connected, progress: [aProgress('staged')] }));
  state.nodes.set('b', aView('b', { session: SESSIONS.connected }));
  let arrived = 0;
  const slow = {
    ...store,
    append: async (stream: string, expected: number, events: readonly object[]) => {
      if (stream === 'rollout/r2' && expected === 1) {
        arrived += 1;
        updateNode(state, 'b', (view) => ({ ...view, cluster }));
        controller.wake();
      }
      return await store.append(stream, expected, events);
    },
  };
  const log = new FleetLog(slow, state, systemClock);
  const controller = new Controller(state, log, { perform: async () => false } as unknown as Performer, systemClock, silentLogger);
  await raiseEpoch(state, log, 'h', systemClock, 0);
  await log.rolloutNow('r1', { type: 'started', frozen: aFrozen('r1', [['a']]), by: 'ann' }, { type: 'wave-opened', wave: 'w0' }, assigned('a', 1, { epoch: 1 }));
  await log.rolloutNow('r2', { type: 'started', frozen: aFrozen('r2', [['b']]), by: 'ann' });
  const stop = new AbortController();
  const running = controller.run(stop.signal);
  await systemClock.sleep(200);
  stop.abort();
  await running;
  expect(arrived).toBe(1);
  expect(state.ledger.slots.size).toBe(granted);
});
