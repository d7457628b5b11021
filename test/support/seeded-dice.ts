/** Chance that can be repeated: the same seed throws the same. */
export interface Dice {
  /** Uniform in [0, 1). */
  unit(): number;
  chance(probability: number): boolean;
  /** Both ends included. */
  int(min: number, max: number): number;
  pick<T>(from: readonly T[]): T;
}

/** mulberry32. */
export function seededDice(seed: number): Dice {
  let state = seed >>> 0;
  const unit = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (min: number, max: number): number => min + Math.floor(unit() * (max - min + 1));
  return {
    unit,
    chance: (probability) => unit() < probability,
    int,
    pick: (from) => {
      if (from.length === 0) throw new Error('nothing to pick from');
      return from[int(0, from.length - 1)]!;
    },
  };
}
