import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { S3Place } from '../../coordinator/adapters/object-store/s3-call.ts';
import { s3ObjectStore } from '../../coordinator/adapters/object-store/s3-object-store.ts';
import { addressGuard } from '../../coordinator/adapters/address-guard.ts';
import type { ObjectStore } from '../../coordinator/ports/object-store.ts';
import { systemRandom } from '../../shared/ports/system-random.ts';
import { systemClock } from '../../shared/ports/system-clock.ts';
import { bytesOf, describeObjectStore, IN_PARTS_BYTES, sourceOf } from '../support/object-store-cases.ts';
import { startTinyS3 } from '../support/tiny-s3.ts';

const never = new AbortController().signal;
const folder = mkdtempSync(join(tmpdir(), 'farrier-objects-'));
const credentialsFile = join(folder, 'credentials');
const server = await startTinyS3();
const elsewhere = await startTinyS3();
afterAll(async () => {
  await Promise.all([server.dispose(), elsewhere.dispose()]);
  rmSync(folder, { recursive: true });
});
/** Waits for nobody, and keeps how long it was asked to. */
const waits: number[] = [];
const clock = { ...systemClock, sleep: async (ms: number) => void waits.push(ms) };
const storeAt = (change: Partial<S3Place> = {}): ObjectStore =>
  s3ObjectStore({ name: 'offsite', endpoint: server.endpoint, region: 'eu-1', bucket: 'snapshots', credentialsFile, caPem: null, mayReach: addressGuard(['127.0.0.0/8']), ...change }, clock, systemRandom);
const store = storeAt();

const writeCredentials = (text: string): void => {
  writeFileSync(credentialsFile, text, { mode: 0o600 });
};
beforeEach(() => {
  writeCredentials('[default]\naws_access_key_id = AKID\naws_secret_access_key = secret/of+it\n');
  waits.length = 0;
  server.asked.length = 0;
});
afterEach(() => {
  server.disturb = () => false;
});

describeObjectStore('S3, by a server of ours', { store: () => store, inParts: true });

describe('S3', () => {
  const key = (): string => `faults/${randomBytes(8).toString('hex')}`;
  const small = sourceOf(Buffer.from('a snapshot'));
  /** Answers so many requests that fit. */
  const disturb = (times: number, fits: RegExp, answer: (response: ServerResponse, request: IncomingMessage) => void): void => {
    let left = times;
    server.disturb = (request, response) => {
      if (left === 0 || !fits.test(`${request.method} ${request.url}`)) return false;
      left -= 1;
      answer(response, request);
      return true;
    };
  };
  const says = (status: number, code: string) => (response: ServerResponse): void => {
    response.writeHead(status, { connection: 'close' });
    response.end(`<Error><Code>${code}</Code><Message>said &lt;so&gt;</Message></Error>`);
  };
  const hangsUp = (_response: ServerResponse, request: IncomingMessage): void => void request.socket.destroy();

  const uploadsOf = async (where: string): Promise<string> => (await (await fetch(`${server.endpoint}/snapshots?uploads&prefix=${where}`, { headers: { 'x-amz-content-sha256': sourceOf(Buffer.alloc(0)).digest } })).text()).replaceAll(/<[^>]*>/g, '');

  test.each([['is busy', says(503, 'SlowDown')], ['fails', says(500, 'InternalError')], ['hangs up', hangsUp]])('a server that %s is asked again, later and later', async (_what, answer) => {
    disturb(3, /^PUT/, answer);
    expect(await store.put(key(), small, never)).toMatchObject({ ok: true });
    expect(waits).toHaveLength(3);
    expect(waits[2]).toBeGreaterThan(waits[0] ?? 0);
  });

  test('but not for ever', async () => {
    disturb(100, /./, says(503, 'SlowDown'));
    const answer = await store.head(key(), never);
    expect(answer).toMatchObject({ ok: false, code: 'unreachable' });
    expect(server.asked).toHaveLength(5);
  });

  test.each([[403, 'AccessDenied', 'access-denied'], [404, 'NoSuchBucket', 'not-there'], [400, 'InvalidRequest', 'refused']] as const)('%i %s is told as %s, and not tried again', async (status, said, code) => {
    disturb(1, /^GET/, says(status, said));
    const answer = await store.list('x', never);
    expect(answer).toMatchObject({ ok: false, code });
    expect(answer.ok ? '' : answer.message).toMatch(code === 'refused' ? /400 InvalidRequest said <so>/ : /^[^\n]{20,300}$/);
    expect(server.asked).toHaveLength(1);
  });

  test.each([301, 302, 307, 308])('%i: nobody goes where it sends', async (status) => {
    disturb(1, /./, (response) => {
      response.writeHead(status, { location: `${elsewhere.endpoint}/stolen` });
      response.end();
    });
    expect(await store.put(key(), small, never)).toMatchObject({ ok: false, code: 'redirected' });
    expect(elsewhere.asked).toEqual([]);
  });

  test.each([
    ['an address', server.endpoint, []],
    ['a name', server.endpoint.replace('127.0.0.1', 'localhost'), []],
    ['a name, where another network is allowed', server.endpoint.replace('127.0.0.1', 'localhost'), ['10.0.0.0/8']],
  ])('%s that leads to this host is not asked', async (_what, endpoint, allowed) => {
    const answer = await storeAt({ endpoint, mayReach: addressGuard(allowed) }).put(key(), small, never);
    expect(answer).toMatchObject({ ok: false, code: 'destination-refused' });
    expect(server.asked).toEqual([]);
    expect(waits).toEqual([]);
  });

  test('credentials that others may read, or that are none, are not used', async () => {
    chmodSync(credentialsFile, 0o640);
    expect(await store.head(key(), never)).toMatchObject({ ok: false, code: 'credentials-unreadable', message: expect.stringContaining('chmod 0600') as string });
    rmSync(credentialsFile);
    expect(await store.head(key(), never)).toMatchObject({ ok: false, code: 'credentials-unreadable' });
    writeCredentials('aws_access_key_id = AKID\nsecret-that-stands-alone\n');
    const answer = await store.head(key(), never);
    expect(answer).toMatchObject({ ok: false, code: 'credentials-unreadable' });
    expect(answer.ok ? '' : answer.message).not.toContain('stands-alone');
    expect(server.asked).toEqual([]);
  });

  test('a put that broke off sends only what is missing, also when the parts are told on several pages', async () => {
    const bytes = randomBytes(4 * 16 * 1024 * 1024 + 1);
    const where = key();
    const stop = new AbortController();
    disturb(1, /partNumber=4/, () => stop.abort(new Error('the power went')));
    await expect(store.put(where, sourceOf(bytes), stop.signal)).rejects.toThrow('the power went');
    server.asked.length = 0;
    expect(await store.put(where, sourceOf(bytes), never)).toMatchObject({ ok: true });
    const sent = server.asked.filter((line) => line.startsWith('PUT')).map((line) => /partNumber=(\d+)/.exec(line)?.[1]);
    expect(sent).toEqual(['4', '5']);
    expect((await bytesOf(store, where, 0, bytes.length)).equals(bytes)).toBe(true);
  });

  test('parts of other bytes that lie there are sent anew', async () => {
    const bytes = randomBytes(IN_PARTS_BYTES);
    const where = key();
    disturb(1, /^POST .*uploadId=/, says(400, 'Broken'));
    expect(await store.put(where, sourceOf(Buffer.from(bytes).fill(0, 0, 20_000_000)), never)).toMatchObject({ ok: false, code: 'refused' });
    server.asked.length = 0;
    expect(await store.put(where, sourceOf(bytes), never)).toMatchObject({ ok: false, code: 'other-object' });
    expect(server.asked.filter((line) => line.startsWith('PUT'))).toHaveLength(2);
  });

  test.each([1_000, IN_PARTS_BYTES])('%i bytes do not take the place of what somebody else put there meanwhile', async (sizeBytes) => {
    const where = key();
    const first = randomBytes(sizeBytes);
    expect(await store.put(where, sourceOf(first), never)).toMatchObject({ ok: true });
    // As it was a moment before.
    disturb(1, /^HEAD/, says(404, ''));
    expect(await store.put(where, sourceOf(randomBytes(sizeBytes)), never)).toMatchObject({ ok: false, code: 'other-object' });
    expect((await bytesOf(store, where, 0, sizeBytes)).equals(first)).toBe(true);
    disturb(1, /^HEAD/, says(404, ''));
    expect(await store.put(where, sourceOf(first), never)).toMatchObject({ ok: true });
    expect(await uploadsOf(where)).toBe('');
  });

  test('an upload that is gone is begun anew', async () => {
    const bytes = randomBytes(IN_PARTS_BYTES);
    disturb(1, /partNumber=2/, says(404, 'NoSuchUpload'));
    const where = key();
    expect(await store.put(where, sourceOf(bytes), never)).toMatchObject({ ok: true });
    expect((await bytesOf(store, where, 0, bytes.length)).equals(bytes)).toBe(true);
  });

  test('what turns out to be another source is given up, and leaves nothing to be paid for', async () => {
    const where = key();
    expect(await store.put(where, { ...sourceOf(randomBytes(IN_PARTS_BYTES)), digest: small.digest }, never)).toMatchObject({ ok: false, code: 'source-changed' });
    expect(await uploadsOf(where)).toBe('');
  });

  test('an error within a 200 is one', async () => {
    disturb(1, /^POST .*uploadId=/, says(200, 'InternalError'));
    const where = key();
    expect(await store.put(where, sourceOf(randomBytes(IN_PARTS_BYTES)), never)).toMatchObject({ ok: false, code: 'unreachable', message: expect.stringContaining('InternalError') as string });
    expect(await store.head(where, never)).toEqual({ ok: true, value: null });
  });

  test('an answer that breaks off is no shorter object', async () => {
    const where = key();
    const bytes = randomBytes(200_000);
    await store.put(where, sourceOf(bytes), never);
    disturb(1, /^GET/, (response, request) => {
      response.writeHead(206, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, 1_000), () => request.socket.destroy());
    });
    await expect(bytesOf(store, where, 0, bytes.length)).rejects.toThrow();
    disturb(1, /^GET/, (response) => {
      response.writeHead(206, { 'content-length': 1_000 });
      response.end(bytes.subarray(0, 1_000));
    });
    await expect(bytesOf(store, where, 0, bytes.length)).rejects.toThrow('broke off');
  });

  test('what it took and then does not have is told', async () => {
    disturb(1, /^PUT/, (response) => void response.end());
    expect(await store.put(key(), small, never)).toMatchObject({ ok: false, code: 'refused', message: expect.stringContaining('does not have it') as string });
  });

  test('an answer without end is not read to it', async () => {
    disturb(1, /^GET/, (response) => void response.end(Buffer.alloc(3_000_000, 'x')));
    expect(await store.list('x', never)).toMatchObject({ ok: false, code: 'refused' });
  });
});
