import type { RestoreSpec } from '../../../shared/domain/steps/restore-specs.ts';
import type { Executors } from '../step.ts';
import { restoreDatastoreStep } from './restore-datastore.ts';
import type { RestoreParts } from './restore-parts.ts';
import { startControlPlaneStep } from './start-control-plane.ts';
import { startDatastoreStep } from './start-datastore.ts';
import { stopControlPlaneStep } from './stop-control-plane.ts';

/** All that a restore is made of, in its order. */
export function restoreSteps(parts: RestoreParts): Pick<Executors, Exclude<RestoreSpec['kind'], 'restore_k3s'>> {
  return { stop_control_plane: stopControlPlaneStep(parts), restore_datastore: restoreDatastoreStep(parts), start_datastore: startDatastoreStep(parts), start_control_plane: startControlPlaneStep(parts) };
}
