import type { Digest, Generation, RolloutId } from '../domain/ids.ts';
import type { RevertOf__Output } from './generated/farrier/v1/RevertOf.d.ts';
import type { FieldCheck } from './field-check.ts';
import { DIGEST_PATTERN, NOT_EMPTY } from './field-check.ts';
import { encode, farrier } from './protocol.ts';

/** Which earlier assignment of the same node is to be reverted. */
export interface RevertOf {
  readonly rollout: RolloutId;
  readonly generation: Generation;
  readonly digest: Digest;
}

/** The bytes that the digest of a reverting assignment covers. */
export function encodeRevertOf(of: RevertOf): Buffer {
  return encode(farrier.RevertOf, { rollout: of.rollout, generation: of.generation, digest: of.digest });
}

export function revertFromWire(of: RevertOf__Output, check: FieldCheck): RevertOf {
  check.text(of.rollout, 'revert.rollout', NOT_EMPTY);
  check.count(of.generation, 'revert.generation', { min: 1 });
  check.text(of.digest, 'revert.digest', DIGEST_PATTERN);
  return { rollout: of.rollout, generation: of.generation, digest: of.digest };
}
