import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';

import { watchProofs } from '../../../../coordinator/runtime/watch-proofs.ts';
import type { KubeadmUpgrade } from '../../../../shared/domain/procedure.ts';
import { aFleet, aMember } from '../../../support/fleet-state.ts';
import { manualClock } from '../../../support/manual-clock.ts';
import { MemoryDatastoreProof } from '../../../support/memory-datastore-proof.ts';
import { silentLogger } from '../../../support/silent-logger.ts';
import { aFrozen, aPlan, aRollout } from '../../../support/world-builder.ts';

test('a rollout that waits for a proof gets one; a failure is tried again, and nobody else is bothered', async () => {
  const clock = manualClock();
  const proof = new MemoryDatastoreProof(clock);
  proof.failNext('mismatch');
  const plan = aPlan({ procedure: { kind: 'kubeadm-upgrade', version: '1.34.1' } as KubeadmUpgrade });
  const state = aFleet([aMember('n1', null)], [aRollout('r1', aFrozen('r1', [['n1']], { plan, controlPlanes: { prod: ['n1'], other: ['x'] } }))]);
  const stop = new AbortController();
  const watching = watchProofs(proof, { state, clock, logger: silentLogger, changed: () => undefined }, stop.signal);
  // Each turn lets what was woken come to its next sleep.
  const pass = async (turns: number): Promise<void> => {
    for (let turn = 0; turn < turns; turn++) {
      await setImmediate();
      clock.advance(5_000);
    }
    await setImmediate();
  };
  await pass(3);
  expect(state.proofs).toBeUndefined();
  await pass(80);
  expect([...(state.proofs ?? [])].map(([cluster]) => cluster)).toEqual(['prod']);
  stop.abort();
  await watching;
});
