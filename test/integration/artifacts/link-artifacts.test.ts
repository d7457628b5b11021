import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { connectArtifacts } from '../../../agent/adapters/connect-artifacts.ts';
import { linkArtifacts } from '../../../agent/adapters/link-artifacts.ts';
import { enroll } from '../../../agent/identity/enroll.ts';
import type { Artifacts } from '../../../agent/ports/artifacts.ts';
import { systemClock } from '../../../shared/ports/system-clock.ts';
import { call } from '../../support/call.ts';
import { runFarrier } from '../../support/cli-run.ts';
import { RunningCoordinator } from '../../support/running-coordinator.ts';

const content = randomBytes(12_000_001);
const sha256 = createHash('sha256').update(content).digest('hex');
const wanted = { sha256, size: content.length };
const forever = new AbortController().signal;

let coordinator: RunningCoordinator;
let host: string;
let into: string;
let dials: number;
let artifacts: Artifacts;

/** A host that was enrolled, and an artifact that an operator added. */
beforeEach(async () => {
  coordinator = await RunningCoordinator.start();
  host = await mkdtemp(join(tmpdir(), 'farrier-host-'));
  into = join(host, 'step', 'fetched');
  const token = await call<{ token: string; caHash: string; enrollAddress: string }>((done) => coordinator.admin.CreateToken({ uses: 1 }, done));
  const enrolled = await enroll({ ...token, name: 'edge-1', machineId: '', stateDir: host, force: false, clock: systemClock }, AbortSignal.timeout(20_000));
  if (!enrolled.ok) throw new Error(enrolled.message);
  await writeFile(join(host, 'k3s'), content);
  expect((await runFarrier(['artifact', 'add', join(host, 'k3s'), '--socket', coordinator.settings.adminSocket])).exitCode).toBe(0);
  dials = 0;
  const connect: Parameters<typeof linkArtifacts>[0]['connect'] = () => {
    dials += 1;
    return connectArtifacts({ stateDir: host, coordinator: null });
  };
  artifacts = linkArtifacts({ cacheDir: join(host, 'cache'), connect, clock: systemClock });
});
afterEach(async () => {
  await coordinator.destroy();
  await rm(host, { recursive: true });
});

test('what an operator added arrives over the link with this host’s own certificate, once', async () => {
  expect(await artifacts.fetch(wanted, into, forever)).toEqual({ ok: true, path: join(into, sha256) });
  expect((await readFile(join(into, sha256))).equals(content)).toBe(true);
  expect((await artifacts.fetch(wanted, into, forever)).ok).toBe(true);
  expect([dials, await readdir(into)]).toEqual([1, [sha256]]);
});

test('a transfer that is cut off goes on from where it stopped, also over a coordinator that started again', async () => {
  const stopping = new AbortController();
  const first = artifacts.fetch(wanted, into, stopping.signal);
  const partSize = async (): Promise<number> => (await stat(join(into, `${sha256}.part`)).catch(() => ({ size: 0 }))).size;
  await expect.poll(partSize, { interval: 1 }).toBeGreaterThan(0);
  stopping.abort(new Error('stopped'));
  await expect(first).rejects.toThrow('stopped');
  const kept = await partSize();
  expect(kept).toBeGreaterThan(0);
  expect(kept).toBeLessThan(content.length);
  await coordinator.stop();
  await coordinator.resume();
  expect((await artifacts.fetch(wanted, into, forever)).ok).toBe(true);
  expect((await readFile(join(into, sha256))).equals(content)).toBe(true);
});

test('a file that lies in the cache folder is taken with no link at all; a rotten one is not', async () => {
  await mkdir(join(host, 'cache'));
  await writeFile(join(host, 'cache', sha256), content);
  await coordinator.stop();
  expect((await artifacts.fetch(wanted, into, forever)).ok).toBe(true);
  expect([dials, await readdir(into)]).toEqual([0, [sha256]]);
  await coordinator.resume();
  await writeFile(join(host, 'cache', sha256), Buffer.alloc(content.length));
  expect((await artifacts.fetch(wanted, join(host, 'other'), forever)).ok).toBe(true);
  expect([dials, await readdir(join(host, 'other'))]).toEqual([1, [sha256]]);
});

test.each([
  ['an artifact that nobody added', { sha256: 'ab'.repeat(32), size: 5 }, 'artifact-unknown'],
  ['fewer bytes than the plan says', { ...wanted, size: content.length + 1 }, 'artifact-corrupt'],
  ['more bytes than the plan says', { ...wanted, size: content.length - 1 }, 'artifact-corrupt'],
  ['more than this disk has room for', { ...wanted, size: 2 ** 52 }, 'disk-full'],
])('%s: %s', async (_name, artifact, code) => {
  expect(await artifacts.fetch(artifact, into, forever)).toMatchObject({ ok: false, outcome: { code } });
});

test('a coordinator that is away is no fault of the artifact: it is tried again', { timeout: 30_000 }, async () => {
  await coordinator.stop();
  expect(await artifacts.fetch(wanted, into, forever)).toMatchObject({ ok: false, outcome: { code: 'source-unreachable' } });
  await coordinator.resume();
  expect((await artifacts.fetch(wanted, into, forever)).ok).toBe(true);
});
