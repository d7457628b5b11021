import { access } from 'node:fs/promises';
import { join } from 'node:path';

import { lockFile } from '../../../shared/files/lock-file.ts';
import type { EtcdSetup } from '../../facts/etcd-setup.ts';
import { hasManifest, returnManifests, takeManifestOut } from '../kubeadm/manifests-out.ts';
import { isUp } from '../prove-unit.ts';
import { STEP_OK, type StepContext, type StepResult, stepFailure } from '../step.ts';
import { allowStart, holdUnit } from './hold-unit.ts';
import { LAST_WORDS_MS, LOOK_EVERY_MS, type RestoreParts } from './restore-parts.ts';

/** Ends this host's etcd and keeps it from starting, also over boots, until `releaseDatastore`. Idempotent. */
export async function holdDatastore(parts: RestoreParts, setup: EtcdSetup, timeoutMs: number, context: StepContext): Promise<StepResult> {
  const { runBy, dataDir } = setup;
  if (runBy.kind === 'kubelet') await takeManifestOut('etcd', parts.places);
  else {
    const said = await holdUnit(parts, runBy.unit, context.signal);
    if (said !== '') return stepFailure('datastore-running', `${runBy.unit} cannot be stopped: ${said}`, runBy.unit);
  }
  const deadlineMs = parts.clock.monotonicMs() + timeoutMs - LAST_WORDS_MS;
  while (await datastoreRuns(parts, setup, context)) {
    if (parts.clock.monotonicMs() >= deadlineMs) return stepFailure('datastore-running', `etcd still runs on ${dataDir}, or something else answers at ${setup.place.endpoint}; end it`, dataDir);
    await parts.clock.sleep(LOOK_EVERY_MS, context.signal);
  }
  return STEP_OK;
}

/** Lets it start and asks for that: it comes up when enough of the others do. Idempotent. */
export async function releaseDatastore(parts: RestoreParts, { runBy }: EtcdSetup, { signal }: StepContext): Promise<StepResult> {
  if (runBy.kind === 'kubelet') {
    await returnManifests(parts.places, ['etcd']);
    return STEP_OK;
  }
  await allowStart(parts, runBy.unit);
  const said = await parts.units.begin(runBy.unit, signal);
  return said === '' ? STEP_OK : stepFailure('unit-crashed', `${runBy.unit} cannot be started: ${said}`, runBy.unit);
}

/** Takes back what kept it from starting, and starts nothing. */
export async function unholdDatastore(parts: RestoreParts, { runBy }: EtcdSetup): Promise<void> {
  if (runBy.kind === 'unit') await allowStart(parts, runBy.unit);
}

/** Whether the one who runs it means it to run: a kubelet that has its manifest, systemd that has it started. */
export async function isDatastoreWanted(parts: RestoreParts, { runBy }: EtcdSetup, { signal }: StepContext): Promise<boolean> {
  if (runBy.kind === 'kubelet') return hasManifest('etcd', parts.places);
  const look = await parts.units.look(runBy.unit, signal);
  return look !== null && isUp(look);
}

/** etcd holds a lock on its database for as long as it has it open; where that is gone, what still listens tells. */
async function datastoreRuns({ endpoints }: RestoreParts, { dataDir, place }: EtcdSetup, { signal }: StepContext): Promise<boolean> {
  if (await endpoints.accepts(place.endpoint, signal)) return true;
  const database = join(dataDir, 'member/snap/db');
  if (!(await access(database).then(() => true, () => false))) return false;
  const lock = lockFile(database, 0);
  lock?.release();
  return lock === null;
}
