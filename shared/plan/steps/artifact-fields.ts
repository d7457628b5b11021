import { ARTIFACT_MAX_BYTES, SHA256_PATTERN } from '../../domain/step-limits.ts';
import { wholeNumber } from '../number-fields.ts';
import { name } from '../text-fields.ts';

/** The keys that name an artifact, as `farrier artifact add` prints them. */
export const artifactFields = {
  sha256: name(SHA256_PATTERN, 'the sha256 of an artifact, 64 lower-case hex digits, as `farrier artifact ls` shows it'),
  size: wholeNumber({ min: 1, max: ARTIFACT_MAX_BYTES }),
};
