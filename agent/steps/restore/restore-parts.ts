import type { Clock } from '../../../shared/ports/clock.ts';
import type { Identity } from '../../../shared/age/age-keys.ts';
import type { EtcdSetup } from '../../facts/etcd-setup.ts';
import type { Artifacts } from '../../ports/artifacts.ts';
import type { Endpoints } from '../../ports/endpoints.ts';
import type { EtcdMember, EtcdPlace } from '../../ports/etcd.ts';
import type { NodeTruth } from '../../ports/node-truth.ts';
import type { Processes } from '../../ports/processes.ts';
import type { RunProgram } from '../../ports/programs.ts';
import type { Units } from '../../ports/units.ts';
import type { KubeadmPlaces } from '../kubeadm/kubeadm-places.ts';

/** What the steps that restore a datastore ask and run. */
export interface RestoreParts {
  /** As this host's files set its member up now; null where there is none. */
  readonly setup: (signal: AbortSignal) => Promise<EtcdSetup | null>;
  readonly memberAt: (place: EtcdPlace) => Pick<EtcdMember, 'status' | 'members' | 'keys' | 'hashKv'>;
  readonly endpoints: Endpoints;
  readonly units: Units;
  readonly processes: Processes;
  readonly truth: NodeTruth;
  readonly run: RunProgram;
  readonly artifacts: Artifacts;
  /** For which the keys of snapshots are wrapped. */
  readonly identity: () => Promise<Identity>;
  /** Folders where etcd's own tools may be installed. */
  readonly toolFolders: readonly string[];
  readonly places: KubeadmPlaces;
  /** Where people write units: /etc/systemd/system. */
  readonly unitsDir: string;
  readonly clock: Clock;
}

export const LOOK_EVERY_MS = 1_000;
/** Kept of a step's time for saying what was seen when it is over. */
export const LAST_WORDS_MS = 5_000;
