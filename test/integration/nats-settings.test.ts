import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

import { openStore } from '../../coordinator/adapters/open-store.ts';
import { type CoordinatorSettings, loadSettings } from '../../coordinator/settings/settings.ts';
import { issueServerCertificate } from '../../coordinator/trust/certificate-authority.ts';
import { createKeyFiles } from '../../coordinator/trust/create-key-files.ts';
import { systemClock } from '../../shared/ports/system-clock.ts';
import { systemRandom } from '../../shared/ports/system-random.ts';
import { generateCertificateKey } from '../../shared/trust/create-csr.ts';
import { natsServerOrSayWhy, startNats } from '../support/nats-server.ts';

const DAY_MS = 86_400_000;
const program = await natsServerOrSayWhy('the settings for NATS');
const folder = mkdtempSync(join(tmpdir(), 'farrier-nats-settings-'));
afterAll(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

async function settings(change: Partial<CoordinatorSettings>): Promise<CoordinatorSettings> {
  const loaded = await loadSettings(folder, change);
  if (!loaded.ok) throw new Error(loaded.errors.map(({ message }) => message).join('; '));
  return loaded.settings;
}

test('copies of a stream are an odd number, files have absolute paths', async () => {
  const loaded = await loadSettings(folder, { natsReplicas: 2, natsCredentials: 'creds', natsTls: { caFile: 'ca.pem', key: '/key' } });
  expect(loaded.ok ? [] : loaded.errors.map(({ message }) => message)).toEqual(expect.arrayContaining([expect.stringMatching(/natsReplicas. must be 1, 3 or 5/), expect.stringMatching(/natsCredentials. must be an absolute path/), expect.stringMatching(/natsTls.caFile. must be an absolute path/)]));
});

test.skipIf(program === null)('a server with TLS of its own CA is reached with its CA, and refused without', async () => {
  const keys = await createKeyFiles({ fleet: 'nats', clock: systemClock, random: systemRandom });
  const serverKey = generateCertificateKey();
  const nowMs = systemClock.wallUnixMs();
  const order = { serial: '01', publicKey: createPublicKey(createPrivateKey(serverKey)), notBeforeUnixMs: nowMs - DAY_MS, notAfterUnixMs: nowMs + DAY_MS };
  const certificate = await issueServerCertificate({ certificate: new X509Certificate(keys['ca.crt']), privateKey: createPrivateKey(keys['ca.key']) }, ['127.0.0.1', 'localhost'], order);
  const config = `tls { cert_file: "${write('server.pem', certificate)}", key_file: "${write('server.key', serverKey)}" }`;
  const server = await startNats(program ?? '', { sync: 'always', config });
  try {
    const base = await settings({ fleet: 'tls', nats: `tls://${server.address}`, natsMonitor: server.monitorUrl });
    await expect(openStore(base, systemClock)).rejects.toMatchObject({ code: 'store-unreachable' });
    await expect(openStore({ ...base, natsCredentials: join(folder, 'none.creds') }, systemClock)).rejects.toMatchObject({ code: 'store-unreachable', message: expect.stringContaining('none.creds') });
    const { events, durability } = await openStore({ ...base, natsTls: { caFile: write('ca.pem', keys['ca.crt']) } }, systemClock);
    expect(await events.append('log', 0, [{ type: 'seen' }])).toMatchObject({ ok: true });
    expect(durability).toContain('always');
    await events.close();
    await expect(openStore({ ...base, fleet: 'copies', natsReplicas: 3, natsTls: { caFile: join(folder, 'ca.pem') } }, systemClock)).rejects.toMatchObject({ code: 'store-unfit', message: expect.stringContaining('replicas') });
  } finally {
    await server.dispose();
  }
});
