import { randomUUID } from 'node:crypto';

import type { NodeName } from '../../../shared/domain/ids.ts';
import type { Clock } from '../../../shared/ports/clock.ts';
import type { Logger } from '../../../shared/ports/logger.ts';
import type { SnapshotUnits } from '../../ports/snapshot-units.ts';
import type { SnapshotSettings } from '../../settings/snapshot-settings.ts';
import { knownOutcomes } from './known-outcomes.ts';
import { nextTakingUnixMs } from './next-taking.ts';

export interface Taker {
  readonly settings: SnapshotSettings;
  readonly node: NodeName;
  readonly units: SnapshotUnits;
  /** Whether there is anything on this host to take a snapshot of. */
  readonly hasDatastore: () => Promise<boolean>;
  readonly liveFolder: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** So late a snapshot may begin. Also how soon one that systemd did not start is tried again. */
const LOOK_EVERY_MS = 30_000;

/** Has snapshots taken when they are due, coordinator or no coordinator, until the signal fires. Never rejects. */
export async function keepTaking(taker: Taker, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await takeIfDue(taker).catch((error: unknown) => taker.logger.error('looking whether a snapshot is due failed', { error }));
    await taker.clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
  }
}

/** The unit keeps how it ended. */
export async function takeIfDue({ settings, node, units, hasDatastore, liveFolder, clock, logger }: Taker): Promise<void> {
  const { schedule, folder, proveOnControlPlane } = settings;
  if (schedule === null) return;
  const nowUnixMs = clock.wallUnixMs();
  if (nextTakingUnixMs(schedule, node, await knownOutcomes(folder, liveFolder), nowUnixMs) > nowUnixMs) return;
  if (!(await hasDatastore())) return;
  const refused = await units.start({ kind: 'take', id: randomUUID(), by: 'schedule', prove: proveOnControlPlane, recipients: [], cluster: null });
  if (refused === '') logger.info('a snapshot is being taken', { unit: 'farrier-snapshot.service' });
  else if (refused !== 'running') logger.error('systemd starts no unit for a snapshot', { why: refused });
}
