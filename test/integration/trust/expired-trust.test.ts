import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { ALLOW_ALL } from '../../../agent/core/allow-list.ts';
import { enroll } from '../../../agent/identity/enroll.ts';
import { openHost } from '../../../agent/open-host.ts';
import { openKeys } from '../../../coordinator/trust/open-keys.ts';
import { systemClock } from '../../../shared/ports/system-clock.ts';
import { systemRandom } from '../../../shared/ports/system-random.ts';
import { signEnvelope } from '../../../shared/trust/dsse.ts';
import { ASSIGNMENT_TYPE, PERMIT_TYPE } from '../../../shared/trust/payload-types.ts';
import type { CreateTokenResponse__Output } from '../../../shared/wire/messages.ts';
import { call } from '../../support/call.ts';
import { RunningCoordinator } from '../../support/running-coordinator.ts';
import { silentLogger } from '../../support/silent-logger.ts';

it('a host whose trust document has expired takes no command, whoever signed it', async () => {
  const coordinator = await RunningCoordinator.start();
  const stateDir = mkdtempSync(join(tmpdir(), 'farrier-expired-'));
  try {
    const token = await call<CreateTokenResponse__Output>((done) => coordinator.admin.CreateToken({}, done));
    expect(await enroll({ ...token, name: 'a', machineId: '', stateDir, force: false, clock: systemClock }, AbortSignal.timeout(20_000))).toMatchObject({ ok: true });
    const opened = await openHost({ stateDir, allow: ALLOW_ALL }, silentLogger);
    if (!opened.ok) throw new Error(opened.message);
    const { host } = opened;
    const keys = await openKeys(coordinator.settings.dataFolder, { fleet: 'test', serverNames: ['localhost'], clock: systemClock, random: systemRandom });
    if (!keys.ok) throw new Error(keys.message);

    for (const type of [ASSIGNMENT_TYPE, PERMIT_TYPE] as const) {
      const envelope = signEnvelope(type, Buffer.from('anything'), keys.keys.planKey);
      expect(host.verify(envelope, type)).toMatchObject({ ok: true });
      const fresh = host.trust;
      host.trust = { ...fresh, expiresUnixMs: systemClock.wallUnixMs() - 1 };
      const verified = host.verify(envelope, type);
      expect(verified).toMatchObject({ ok: false, code: 'trust-expired' });
      expect(verified.ok ? '' : verified.message).toContain('clock');
      host.trust = fresh;
    }
  } finally {
    await coordinator.destroy();
    rmSync(stateDir, { recursive: true });
  }
});
