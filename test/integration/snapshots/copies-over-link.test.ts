import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { connectArtifacts } from '../../../agent/adapters/connect-artifacts.ts';
import { connectCopies } from '../../../agent/adapters/connect-copies.ts';
import { linkArtifacts } from '../../../agent/adapters/link-artifacts.ts';
import { sendCopy } from '../../../agent/link/send-copy.ts';
import { openFolder } from '../../../agent/snapshots/catalogue/open-folder.ts';
import { SnapshotCatalogue } from '../../../agent/snapshots/catalogue/snapshot-catalogue.ts';
import { systemClock } from '../../../shared/ports/system-clock.ts';
import type { CreateTokenResponse__Output } from '../../../shared/wire/messages.ts';
import { call } from '../../support/call.ts';
import { memberFacts, proverFacts } from '../../support/datastore-work-bench.ts';
import { exampleSnapshot } from '../../support/example-snapshot.ts';
import { RunningCoordinator } from '../../support/running-coordinator.ts';
import { SnapshotAgent } from '../../support/snapshot-agent.ts';

const never = new AbortController().signal;
const content = randomBytes(24_000_001);
const sha256 = createHash('sha256').update(content).digest('hex');
let coordinator: RunningCoordinator;
let cp: SnapshotAgent;
let stranger: SnapshotAgent;
let path: string;

/** A host that has told of a sealed snapshot, and one of another cluster. */
beforeEach(async () => {
  coordinator = await RunningCoordinator.start();
  const enrolled = async (name: string, cluster: string, facts: Parameters<typeof SnapshotAgent.enrolled>[1]['facts']): Promise<SnapshotAgent> => {
    const token = await call<CreateTokenResponse__Output>((done) => coordinator.admin.CreateToken({ cluster }, done));
    return await SnapshotAgent.enrolled(name, { ...token, facts, datastore: null, toolsFolder: '/nowhere' });
  };
  cp = await enrolled('cp-1', 'north', memberFacts());
  stranger = await enrolled('other-1', 'south', proverFacts());
  const catalogue = new SnapshotCatalogue(await openFolder(join(cp.folder, 'snapshots', 'taken')));
  path = catalogue.pathOf('s1');
  writeFileSync(path, content);
  await catalogue.put(exampleSnapshot({ id: 's1', sealed: { digest: sha256, sizeBytes: content.length, recipients: [] } }));
  for (const agent of [cp, stranger]) agent.connect();
  await expect.poll(listed, { timeout: 20_000 }).toEqual(['host']);
});
afterEach(async () => {
  for (const agent of [cp, stranger]) await agent.dispose();
  await coordinator.destroy();
});

async function listed(): Promise<readonly string[]> {
  const { snapshots } = await call<{ snapshots: readonly { readonly places: readonly string[] }[] }>((done) => coordinator.admin.ListSnapshots({}, done));
  return snapshots[0]?.places ?? [];
}

function copiesHere(): readonly string[] {
  return readdirSync(join(coordinator.settings.dataFolder, 'snapshots'));
}

const send = async (agent: SnapshotAgent, order: { readonly sha256?: string; readonly sizeBytes?: number; readonly onProgress?: (bytes: number) => void } = {}, signal = never) => {
  const client = connectCopies(agent.host.identity.linkAddress, agent.host.identity);
  try {
    return await sendCopy(client, { path, sha256, sizeBytes: content.length, clock: systemClock, onProgress: () => undefined, ...order }, signal);
  } finally {
    client.close();
  }
};

test('a copy goes on from where the link was lost, also over a coordinator that started again', { timeout: 60_000 }, async () => {
  const stop = new AbortController();
  const first = send(cp, { onProgress: (bytes) => bytes > 4_000_000 && stop.abort(new Error('the link is lost')) }, stop.signal);
  await expect(first).rejects.toThrow('the link is lost');
  await expect.poll(copiesHere).toEqual([`${sha256}.part`]);
  await coordinator.stop();
  const kept = statSync(join(coordinator.settings.dataFolder, 'snapshots', `${sha256}.part`)).size;
  expect(kept).toBeGreaterThan(0);
  await coordinator.resume();
  let first2 = 0;
  expect(await send(cp, { onProgress: (bytes) => (first2 ||= bytes) })).toEqual({ ok: true });
  expect(first2).toBeGreaterThan(kept);
  expect(readFileSync(join(coordinator.settings.dataFolder, 'snapshots', sha256)).equals(content)).toBe(true);
  expect(await listed()).toEqual(['host', 'coordinator']);
  // It is enough: nothing is sent a second time.
  expect(await send(cp, { onProgress: () => expect.unreachable() })).toEqual({ ok: true });
});

test('other bytes than were catalogued are never taken for them', { timeout: 60_000 }, async () => {
  writeFileSync(path, Buffer.from(content).fill(7, 9_000_000, 9_000_001));
  expect(await send(cp)).toMatchObject({ ok: false, code: 'send-failed', message: expect.stringContaining('announced was') as string });
  expect([copiesHere(), await listed()]).toEqual([[], ['host']]);
});

test('nobody sends what its own host did not report, nor of another size', async () => {
  const refused = { ok: false, code: 'send-failed', message: expect.stringContaining('no sealed snapshot of these bytes was reported by this host') as string };
  expect(await send(stranger)).toMatchObject(refused);
  expect(await send(cp, { sha256: 'ab'.repeat(32) })).toMatchObject(refused);
  expect(await send(cp, { sizeBytes: content.length - 1 })).toMatchObject({ ok: false, message: expect.stringContaining('its host reported 24000001') as string });
  expect(copiesHere()).toEqual([]);
});

test('a copy is for the hosts of its own cluster, and for nobody else', async () => {
  await send(cp);
  const fetch = async (agent: SnapshotAgent) => {
    const artifacts = linkArtifacts({ cacheDir: join(agent.folder, 'none'), connect: () => connectArtifacts({ stateDir: agent.host.stateDir, coordinator: null }), clock: systemClock });
    return await artifacts.fetch({ sha256, size: content.length }, join(agent.folder, 'fetched'), never);
  };
  expect((await fetch(cp)).ok).toBe(true);
  expect(await fetch(stranger)).toMatchObject({ ok: false, outcome: { code: 'artifact-unknown' } });
});
