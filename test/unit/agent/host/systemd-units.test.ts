import { expect, test } from 'vitest';

import { systemdUnits } from '../../../../agent/adapters/systemd/systemd-units.ts';

test.each([
  ['never went', '0', '1500000', undefined],
  ['came back', '2000000', '2640400', 640],
  ['is away', '2000000', '1500000', undefined],
])('a unit that %s says how long it was away', async (_, leftUs, backUs, awayMs) => {
  const units = systemdUnits(async () => ({ code: 0, stdout: `LoadState=loaded\nActiveState=active\nActiveExitTimestampMonotonic=${leftUs}\nActiveEnterTimestampMonotonic=${backUs}\n`, stderr: '' }));
  expect((await units.look('a.service', AbortSignal.timeout(1000)))?.awayMs).toBe(awayMs);
});
