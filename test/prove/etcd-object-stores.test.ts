import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

import { s3ObjectStore } from '../../coordinator/adapters/object-store/s3-object-store.ts';
import { addressGuard } from '../../coordinator/adapters/address-guard.ts';
import type { ObjectAnswer, ObjectStore } from '../../coordinator/ports/object-store.ts';
import { systemClock } from '../../shared/ports/system-clock.ts';
import { systemRandom } from '../../shared/ports/system-random.ts';
import { bytesOf, describeObjectStore, IN_PARTS_BYTES, sourceOf } from '../support/object-store-cases.ts';
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

test.for([['moto', IN_PARTS_BYTES, 'ok'], ['radosgw', 10_000_000, 'access-denied']] as const)('what %s says', async ([name, sizeBytes, toAnotherSecret], { task }) => {
  const store = storeOf(name);
  const bytes = randomBytes(sizeBytes);
  const said = (answer: ObjectAnswer<unknown>): string => (answer.ok ? 'ok' : answer.code);
  const row = {
    SERVER: name,
    MB: sizeBytes / 1e6,
    PUT: said(await store.put('told', sourceOf(bytes), never)),
    AGAIN: said(await store.put('told', sourceOf(bytes), never)),
    'SOMETHING ELSE': said(await store.put('told', sourceOf(randomBytes(1_000)), never)),
    'GIVEN BACK': (await bytesOf(store, 'told', 0, sizeBytes)).equals(bytes) ? 'the same' : 'OTHER BYTES',
    'ANOTHER SECRET': said(await storeOf(name, { secretAccessKey: 'another' }).put('denied', sourceOf(Buffer.from('x')), never)),
  };
  task.meta.saw = { table: 'object stores', rows: [row] } satisfies EtcdSaw;
  expect(row).toMatchObject({ PUT: 'ok', AGAIN: 'ok', 'SOMETHING ELSE': 'other-object', 'GIVEN BACK': 'the same', 'ANOTHER SECRET': toAnotherSecret });
});
