import { X509Certificate } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { openKeys, type OpenKeysOptions } from '../../../coordinator/trust/open-keys.ts';
import { systemRandom } from '../../../shared/ports/system-random.ts';
import { manualClock } from '../../support/manual-clock.ts';

let data: string;
let options: OpenKeysOptions & { readonly clock: ReturnType<typeof manualClock> };

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'farrier-keys-'));
  options = { fleet: 'prod', serverNames: ['localhost', '10.0.0.1'], clock: manualClock(), random: systemRandom };
});

afterEach(async () => {
  await rm(data, { recursive: true, force: true });
});

async function open(more: Partial<OpenKeysOptions> = {}) {
  const opened = await openKeys(data, { ...options, ...more });
  if (!opened.ok) throw new Error(opened.message);
  return opened;
}

test('a first start makes the keys, for their owner alone; the next one finds the same', async () => {
  const first = await open();
  expect(first.created).toBe(true);
  expect((await stat(join(data, 'keys'))).mode & 0o777).toBe(0o700);
  for (const name of await readdir(join(data, 'keys'))) expect((await stat(join(data, 'keys', name))).mode & 0o777).toBe(0o600);
  const second = await open();
  expect(second.created).toBe(false);
  expect([second.keys.ca.hash, second.keys.rootKey.keyid, second.keys.planKey.keyid, second.keys.server]).toEqual([
    first.keys.ca.hash,
    first.keys.rootKey.keyid,
    first.keys.planKey.keyid,
    first.keys.server,
  ]);
  expect(first.keys.rootKey.keyid).not.toBe(first.keys.planKey.keyid);
});

test('an empty folder that a package made, or half a folder that a crash left, do not stand in the way', async () => {
  await mkdir(join(data, 'keys'));
  await mkdir(join(data, 'keys.new'));
  await writeFile(join(data, 'keys.new', 'ca.key'), 'half');
  expect((await open()).created).toBe(true);
  expect(await readdir(data)).toEqual(['keys']);
});

test.each(['ca.key', 'ca.crt', 'root.key', 'plan.key'])('a missing %s is never made anew', async (name) => {
  await open();
  await rm(join(data, 'keys', name));
  const opened = await openKeys(data, options);
  expect(opened).toMatchObject({ ok: false, code: 'keys-incomplete' });
  expect(!opened.ok && opened.message).toContain(name);
});

test('keys of another fleet, a foreign CA key and a broken file are named', async () => {
  await open();
  expect(await openKeys(data, { ...options, fleet: 'test' })).toMatchObject({ ok: false, code: 'keys-of-another-fleet' });
  const other = join(data, 'other');
  await openKeys(other, options);
  await cp(join(other, 'keys', 'ca.key'), join(data, 'keys', 'ca.key'));
  expect(await openKeys(data, options)).toMatchObject({ ok: false, code: 'keys-unreadable' });
  await writeFile(join(data, 'keys', 'ca.key'), 'x');
  expect(await openKeys(data, options)).toMatchObject({ ok: false, code: 'keys-unreadable' });
});

test('the server’s certificate alone is reissued: new names, half its life over, a broken file, another CA', async () => {
  const { keys } = await open();
  const serial = (chain: string): string => new X509Certificate(chain).serialNumber;
  const first = serial(keys.server.chainPem);
  const renamed = (await open({ serverNames: ['coordinator.example', '::1'] })).keys.server.chainPem;
  expect(serial(renamed)).not.toBe(first);
  expect(new X509Certificate(renamed).checkHost('coordinator.example')).toBe('coordinator.example');
  expect(new X509Certificate(renamed).checkIP('::1')).toBe('::1');
  options.clock.advance(366 * 86_400_000);
  const aged = (await open({ serverNames: ['coordinator.example'] })).keys.server.chainPem;
  expect(serial(aged)).not.toBe(serial(renamed));
  await writeFile(join(data, 'keys', 'server.pem'), 'x');
  const mended = (await open()).keys.server.chainPem;
  expect(new X509Certificate(mended).verify(keys.ca.certificate.publicKey)).toBe(true);
  const other = await openKeys(join(data, 'other'), options);
  if (!other.ok) throw new Error(other.message);
  await cp(join(data, 'other', 'keys', 'server.pem'), join(data, 'keys', 'server.pem'));
  expect(new X509Certificate((await open()).keys.server.chainPem).verify(keys.ca.certificate.publicKey)).toBe(true);
  expect(await readFile(join(data, 'keys', 'ca.crt'), 'utf8')).toBe(keys.ca.certificatePem);
});
