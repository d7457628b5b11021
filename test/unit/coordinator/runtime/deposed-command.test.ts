import { expect, it } from 'vitest';

import { emptyLedger } from '../../../../coordinator/core/ledger.ts';
import { StoreError } from '../../../../coordinator/ports/store-error.ts';
import { Controller } from '../../../../coordinator/runtime/controller.ts';
import { Deposed } from '../../../../coordinator/runtime/deposed.ts';
import { FleetLog } from '../../../../coordinator/runtime/fleet-log.ts';
import type { FleetState } from '../../../../coordinator/runtime/fleet-state.ts';
import type { Performer } from '../../../../coordinator/runtime/perform.ts';
import { DEFAULT_POLICY } from '../../../../shared/domain/policy.ts';
import { systemClock } from '../../../../shared/ports/system-clock.ts';
import { memoryStore } from '../../../support/memory-store.ts';
import { silentLogger } from '../../../support/silent-logger.ts';
import { aFrozen } from '../../../support/world-builder.ts';

function aController(append: () => Promise<{ ok: false; actualSequence: number }>) {
  const state: FleetState = { fleet: 'f', epoch: 1, policy: DEFAULT_POLICY, ledger: emptyLedger(), nodes: new Map(), nodeLogs: new Map(), rollouts: new Map() };
  const log = new FleetLog({ ...memoryStore(), append }, state, systemClock);
  const controller = new Controller(state, log, { perform: async () => false } as unknown as Performer, systemClock, silentLogger);
  const stop = new AbortController();
  const ended = controller.run(stop.signal).then(() => 'stopped', (error: unknown) => error);
  const command = controller.command(async () => await log.rolloutNow('r', { type: 'started', frozen: aFrozen('r', [['a']]), by: 'ann' }));
  return { ended: Promise.race([ended, systemClock.sleep(3_000).then(() => 'goes on')]), command, stop };
}

it.each([
  ['another coordinator wrote in between', async () => ({ ok: false as const, actualSequence: 5 }), Deposed],
  ['nobody knows what became of the write', async () => await Promise.reject(new StoreError('store-unreachable', 'no answer', 'look', { retryable: true })), StoreError],
])('a coordinator that learns it from a person’s command ends too: %s', async (_what, append, error) => {
  const { ended, command } = aController(append);
  await expect(command).rejects.toThrow(error);
  expect(await ended).toBeInstanceOf(error);
});

it('a command that a full store refused ends nothing', async () => {
  const { ended, command, stop } = aController(async () => await Promise.reject(new StoreError('store-full', 'no room', 'free space')));
  await expect(command).rejects.toThrow('no room');
  setTimeout(() => stop.abort(), 1_500);
  expect(await ended).toBe('stopped');
});

it('no permit is signed by a leader whose ledger somebody else wrote to', async () => {
  const store = memoryStore();
  const state: FleetState = { fleet: 'f', epoch: 1, policy: DEFAULT_POLICY, ledger: emptyLedger(), nodes: new Map(), nodeLogs: new Map(), rollouts: new Map() };
  const log = new FleetLog(store, state, systemClock);
  await log.ledger([{ type: 'leader', epoch: 1, holder: 'old', wallUnixMs: 0 }]);
  await log.assertLeading();
  await store.append('ledger', 1, [{ type: 'leader', epoch: 2, holder: 'new', wallUnixMs: 0 }]);
  await expect(log.assertLeading()).rejects.toThrow(Deposed);
  expect(log.broken).toBeInstanceOf(Deposed);
});
