import type { ArtifactRef } from './artifact-ref.ts';

/** Replaces the K3s binary that a host's unit runs, and adds the images of the new version. Unit and configuration stay. */
export interface K3sSpec {
  readonly kind: 'k3s';
  readonly name: string;
  readonly timeoutMs: number;
  /** Of k3s.service or of k3s-agent.service. */
  readonly role: 'server' | 'agent';
  /** As `k3s --version` prints it: `v1.34.1+k3s1`. */
  readonly version: string;
  readonly binary: ArtifactRef;
  /** An archive for the folder from which K3s imports; null on a host that pulls its images. */
  readonly images: (ArtifactRef & { readonly name: string }) | null;
  /** Whether the hosts of this plan run an older minor. A server that does has a point of no return. */
  readonly crossesMinor: boolean;
}
