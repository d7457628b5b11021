import type { RolloutId } from '../../shared/domain/ids.ts';
import type { Random } from '../../shared/ports/random.ts';

/**
 * `<plan>-<random>`: readable, and never one that a lost tail of the store already used, since agents remember ids.
 * A valid segment of a stream's name.
 */
export function newRolloutId(random: Random, planName: string): RolloutId {
  const suffix = Buffer.from(random.bytes(3)).toString('hex');
  return `${planName}-${suffix}`;
}
