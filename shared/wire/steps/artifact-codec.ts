import { ARTIFACT_MAX_BYTES, SHA256_PATTERN } from '../../domain/step-limits.ts';
import type { ArtifactRef } from '../../domain/steps/artifact-ref.ts';
import type { FieldCheck } from '../field-check.ts';
import type { ArtifactRef__Output } from '../generated/farrier/v1/ArtifactRef.d.ts';

export function artifactFromWire(ref: ArtifactRef__Output | null, at: string, check: FieldCheck): ArtifactRef {
  check.that(ref !== null, at, 'is missing');
  const { sha256, size } = ref ?? { sha256: '', size: 0 };
  check.text(sha256, `${at}.sha256`, SHA256_PATTERN);
  check.count(size, `${at}.size`, { min: 1, max: ARTIFACT_MAX_BYTES });
  return { sha256, size };
}
