import type { StepBase } from '../step-base.ts';
import type { ArtifactRef } from './artifact-ref.ts';

// The steps by which a datastore is restored. `farrier snapshot restore` alone makes them: no plan can name one.

/** A member of the cluster that is made of the snapshot. */
export interface RestoredMember {
  readonly name: string;
  /** What the others call it by; at least one. */
  readonly peerUrls: readonly string[];
  /** Where it is asked. */
  readonly clientUrl: string;
}

/**
 * Ends what of the control plane runs on this host beside etcd, and proves that no API server of the whole cluster answers any
 * more: nobody may write what is about to be replaced.
 */
export interface StopControlPlaneSpec extends StepBase {
  readonly kind: 'stop_control_plane';
  /** Where each of them is asked: `https://10.0.0.1:6443`. */
  readonly apiServers: readonly string[];
}

/** Puts what a snapshot holds in the place of this host's member. What lay there is renamed aside and never removed. */
export interface RestoreDatastoreSpec extends StepBase {
  readonly kind: 'restore_datastore';
  /** The copy, sealed or not. */
  readonly snapshot: ArtifactRef;
  /** Of the datastore's bytes. */
  readonly plain: ArtifactRef;
  /** Stanzas of age with the file key, of which one is for this host; none where the copy is not sealed. */
  readonly keys: readonly string[];
  /** Of the etcd that it was taken from: its minor restores it. */
  readonly version: string;
  /** etcdutl of that minor, or etcdctl before 3.5; null: as it is installed on this host. */
  readonly tool: ArtifactRef | null;
  /** Another for each restore, so that members of no two of them find one another. */
  readonly token: string;
  readonly members: readonly RestoredMember[];
  /** Name of the one on this host. */
  readonly member: string;
}

/** Starts this host's member on what was restored, and proves that the cluster of all members holds what the snapshot does. */
export interface StartDatastoreSpec extends StepBase {
  readonly kind: 'start_datastore';
  readonly members: readonly RestoredMember[];
  readonly member: string;
  /** One that is ready on what was restored says that nothing may go back any more. */
  readonly apiServers: readonly string[];
}

/** Brings back what of the control plane ran on this host, on the restored datastore: nothing goes back behind that. */
export interface StartControlPlaneSpec extends StepBase {
  readonly kind: 'start_control_plane';
}

/** Puts the SQLite datastore of a server of K3s back, with its token, certificates and credentials, and starts K3s on it. */
export interface RestoreK3sSpec extends StepBase {
  readonly kind: 'restore_k3s';
  readonly snapshot: ArtifactRef;
  readonly plain: ArtifactRef;
  /** As in RestoreDatastoreSpec. */
  readonly keys: readonly string[];
  /** Of the K3s that it was taken from: this one or a later minor starts on it. */
  readonly version: string;
  /** Another for each restore: what lay there is put aside under it. */
  readonly token: string;
}

export type RestoreSpec = RestoreK3sSpec | StopControlPlaneSpec | RestoreDatastoreSpec | StartDatastoreSpec | StartControlPlaneSpec;

/** The newest revision of a snapshot is raised by so much, so that no client knows a later one: a week at 1500 writes a second. */
export const REVISION_BUMP = 1_000_000_000;
