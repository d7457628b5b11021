import { randomBytes } from 'node:crypto';

import type { Random } from './random.ts';

export const systemRandom: Random = {
  unit: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
  bytes: (count) => randomBytes(count),
};
