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

test('what is stopped along with a unit, and not started along with it, needs it too', async () => {
  const shown = { TriggeredBy: 'docker.socket', WantedBy: 'multi-user.target', RequiredBy: 'a.service', BoundBy: 'b.service', ConsistsOf: 'docker.socket c.service' };
  const units = systemdUnits(async (argv) => {
    const asked = (argv.find((one) => one.startsWith('--property=')) ?? '').slice('--property='.length).split(',');
    return { code: 0, stdout: Object.entries(shown).flatMap(([name, value]) => (asked.includes(name) ? [`${name}=${value}\n`] : [])).join(''), stderr: '' };
  });
  expect(await units.starters('docker.service', AbortSignal.timeout(1000))).toEqual({ triggers: ['docker.socket'], needers: ['a.service', 'b.service', 'c.service', 'docker.socket'] });
});
