import { describe, expect, it } from 'vitest';

import type { Decision } from '../../../../coordinator/core/decision.ts';
import { emptyLedger } from '../../../../coordinator/core/ledger.ts';
import { Controller } from '../../../../coordinator/runtime/controller.ts';
import { FleetLog } from '../../../../coordinator/runtime/fleet-log.ts';
import type { FleetState } from '../../../../coordinator/runtime/fleet-state.ts';
import { loadState } from '../../../../coordinator/runtime/load-state.ts';
import type { Performer } from '../../../../coordinator/runtime/perform.ts';
import { raiseEpoch } from '../../../../coordinator/runtime/raise-epoch.ts';
import { DEFAULT_POLICY } from '../../../../shared/domain/policy.ts';
import { systemClock } from '../../../../shared/ports/system-clock.ts';
import { manualClock } from '../../../support/manual-clock.ts';
import { memoryStore } from '../../../support/memory-store.ts';
import { silentLogger } from '../../../support/silent-logger.ts';
import { aFrozen, aView } from '../../../support/world-builder.ts';

async function aFleet() {
  const store = memoryStore({ clock: manualClock() });
  const state: FleetState = { fleet: 'f', epoch: 0, policy: DEFAULT_POLICY, ledger: emptyLedger(), nodes: new Map(), nodeLogs: new Map(), rollouts: new Map() };
  for (const name of ['a', 'b']) state.nodes.set(name, aView(name));
  const log = new FleetLog(store, state, systemClock);
  await raiseEpoch(state, log, 'h', systemClock, 0);
  await log.rolloutNow('bad', { type: 'started', frozen: aFrozen('bad', [['a']]), by: 'ann' });
  await log.rolloutNow('good', { type: 'started', frozen: aFrozen('good', [['b']]), by: 'ann' });
  return { store, state, log };
}

describe('what a log may not hold', () => {
  it('is refused before it is durable: no start falls over it', async () => {
    const { store, state, log } = await aFleet();
    const before = state.rollouts.get('bad');
    await expect(log.rolloutNow('bad', { type: 'paused', by: 'ann', reason: 'paused-by-person', detail: '' }, { type: 'ended', status: 'completed' })).rejects.toThrow('illegal');
    await expect(log.ledger([{ type: 'slot-returned', epoch: 1, node: 'a', generation: 1, cause: 'done' }])).rejects.toThrow('does not hold');
    expect(state.rollouts.get('bad')).toBe(before);
    const loaded = await loadState(store, 'f', systemClock);
    expect(loaded.rollouts.get('bad')?.status.state).toBe('running');
    expect(loaded.ledger.sequence).toBe(1);
  });
});

describe('a rollout that cannot be carried out', () => {
  it('is held with internal-error, and the others go on', async () => {
    const { state, log } = await aFleet();
    const done: Decision[] = [];
    const performer = {
      perform: async (decision: Extract<Decision, { rollout: string; node: string }>) => {
        if (decision.rollout === 'bad') throw new Error('it has no target');
        done.push(decision);
        return false;
      },
    };
    const stop = new AbortController();
    const controller = new Controller(state, log, performer as unknown as Performer, systemClock, silentLogger);
    const running = controller.run(stop.signal);
    await Promise.race([running, new Promise((resolve) => setTimeout(resolve, 300))]);
    expect(state.rollouts.get('bad')?.status).toMatchObject({ state: 'paused', reason: 'internal-error', detail: 'it has no target' });
    expect(state.rollouts.get('good')?.status.state).toBe('running');
    expect(done.map(({ kind }) => kind)).toContain('assign');
    stop.abort();
    await running;
  });
});
