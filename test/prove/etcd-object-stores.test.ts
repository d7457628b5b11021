import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

import { s3ObjectStore } from '../../coordinator/adapters/object-store/s3-object-store.ts';
import { addressGuard } from '../../coordinator/adapters/address-guard.ts';
import type { ObjectStore } from '../../coordinator/ports/object-store.ts';
import { systemClock } from '../../shared/ports/system-clock.ts';
import { systemRandom } from '../../shared/ports/system-random.ts';
import { describeObjectStore, sourceOf } from '../support/object-store-cases.ts';
import { BUCKET, REGION, type S3Server, startMoto, startRadosgw } from '../support/s3-servers.ts';
import type { EtcdSaw } from './etcd-rows.ts';

const never = new AbortController().signal;
const folder = mkdtempSync(join(tmpdir(), 'farrier-s3-'));
const servers = { moto: await startMoto(), radosgw: await startRadosgw() };
afterAll(async () => {
  await Promise.all(Object.values(servers).map(async (server) => await server.dispose()));
  rmSync(folder, { recursive: true });
});

function storeOf(name: keyof typeof servers, change: Partial<S3Server> = {}): ObjectStore {
  const { endpoint, accessKeyId, secretAccessKey } = { ...servers[name], ...change };
  const credentialsFile = join(folder, `${name}-${Object.keys(change).join('-')}`);
  writeFileSync(credentialsFile, `[default]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`, { mode: 0o600 });
  return s3ObjectStore({ name, endpoint, region: REGION, bucket: BUCKET, credentialsFile, caPem: null, mayReach: addressGuard(['127.0.0.1/32']) }, systemClock, systemRandom);
}

// Only moto: radosgw with its store in a file gives the first bytes back, whatever part is asked for, and nothing of what came in parts.
for (const [name, inParts] of [['moto', true], ['radosgw', false]] as const) {
  const store = storeOf(name);
  describeObjectStore(name, { store: () => store, inParts });
}

test('radosgw: another secret is told, and stores nothing', async ({ task }) => {
  const small = sourceOf(Buffer.from('x'));
  expect(await storeOf('radosgw', { secretAccessKey: 'another' }).put('denied', small, never)).toMatchObject({ ok: false, code: 'access-denied' });
  expect(await storeOf('radosgw').head('denied', never)).toEqual({ ok: true, value: null });
  task.meta.saw = {
    table: 'object stores',
    rows: [
      { SERVER: 'moto', SIGNATURES: 'not looked at', DIGESTS: 'not looked at', 'PARTS AND RANGES': 'put, gone on with, given back', 'IF-NONE-MATCH': 'seen' },
      { SERVER: 'radosgw', SIGNATURES: 'checked', DIGESTS: 'checked', 'PARTS AND RANGES': 'wrong on its side: NOT CHECKED', 'IF-NONE-MATCH': 'seen' },
    ],
  } satisfies EtcdSaw;
});
