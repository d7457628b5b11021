import type { ArtifactRef } from '../../shared/domain/steps/artifact-ref.ts';
import type { StepFailure } from '../steps/step.ts';

/** The files that steps bring to this host, from wherever they can be had. */
export interface Artifacts {
  /**
   * Brings one here as `<folder>/<sha256>`: whole, verified, durable. Idempotent; interrupted by whatever, the next call goes on.
   * Outcome codes: artifact-unknown, artifact-corrupt, disk-full, source-unreachable. @throws the signal's reason.
   */
  fetch(artifact: ArtifactRef, folder: string, signal: AbortSignal): Promise<FetchedArtifact>;
}

export type FetchedArtifact = { readonly ok: true; readonly path: string } | StepFailure;
