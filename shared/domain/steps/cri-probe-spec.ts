import type { StepBase } from '../step-base.ts';
import type { ArtifactRef } from './artifact-ref.ts';
import type { PinnedImage } from './images-spec.ts';

/** Proves a runtime by what an image runs on this host, in the host's network and without any right. Nothing of it stays. */
export interface CriProbeSpec extends StepBase {
  readonly kind: 'cri_probe';
  readonly runtime: 'containerd' | 'k3s';
  /** As a RuntimeClass names it; empty: the default one. */
  readonly handler: string;
  readonly image: PinnedImage;
  /** Null: the image is there already. Else it is imported for the probe alone where it is not. */
  readonly archive: ArtifactRef | null;
  /** Of the pod: only those reach the runtime that containerd's configuration lets through. No key twice. */
  readonly annotations: readonly PodAnnotation[];
  /** Must stand in what the container writes: exit codes of Wasm modules are lost on the way. */
  readonly expect: string;
}

export interface PodAnnotation {
  readonly key: string;
  readonly value: string;
}
