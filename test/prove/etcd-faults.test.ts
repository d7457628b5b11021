import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { EtcdPlace } from '../../agent/ports/etcd.ts';
import { openFolder } from '../../agent/snapshots/catalogue/open-folder.ts';
import { SnapshotCatalogue } from '../../agent/snapshots/catalogue/snapshot-catalogue.ts';
import { hasRecordedBytes } from '../../agent/snapshots/catalogue/verify-bytes.ts';
import { type SnapshotTaken, takeSnapshot } from '../../agent/snapshots/take-snapshot.ts';
import { generateIdentity } from '../../shared/age/age-keys.ts';
import type { SnapshotRecord } from '../../shared/domain/snapshot.ts';
import { issueEtcdClient, makeEtcdPki } from '../support/etcd-pki.ts';
import { etcdPrograms } from '../support/etcd-programs.ts';
import { type RunningEtcd, startEtcdCluster } from '../support/etcd-server.ts';
import { etcdToolsFolder } from '../support/etcd-tools.ts';
import { type EtcdWriter, startEtcdWriter } from '../support/etcd-writer.ts';
import { fillDisk } from '../support/fill-disk.ts';
import { smallDiskOrSayWhy } from '../support/small-disk.ts';
import { etcdDatastore, snapshotOrder } from '../support/snapshot-order.ts';
import type { EtcdSaw } from './etcd-rows.ts';

const TEST_MAX_MS = 3 * 60_000;
/** More than is on its way at once, so that a fault in the middle is one. */
const DATABASE_MB = 32;
/** Slow enough for a fault to come in time. */
const UNHURRIED = 8_000_000;
const DISK_BYTES = 64 * 1024 * 1024 + 6 * DATABASE_MB * 1_000_000;
const never = new AbortController().signal;

const programs = await etcdPrograms('trixie');
const root = mkdtempSync(join(tmpdir(), 'farrier-faults-'));
const person = generateIdentity();
const toolsFolder = etcdToolsFolder(join(root, 'tools'), programs);
let members: readonly [RunningEtcd, RunningEtcd, RunningEtcd];
let writer: EtcdWriter;
beforeAll(async () => {
  members = (await startEtcdCluster(programs, 3, { peerTls: true })) as unknown as typeof members;
  await members[0].fill({ prefix: '/registry/secrets', count: DATABASE_MB, valueBytes: 1_000_000 });
  writer = startEtcdWriter(members.map(({ place }) => place), '/registry/written');
});
afterAll(async () => {
  await writer.stop();
  await Promise.all(members.map((member) => member.dispose()));
  rmSync(root, { recursive: true });
});

interface Fault {
  readonly what: string;
  readonly code: string;
  /** How the member is asked, where that is what is wrong. */
  readonly place?: () => Promise<Partial<EtcdPlace>>;
  /** Done once the first bytes have come. */
  readonly inTheMiddle?: (folder: string) => Promise<void>;
  readonly before?: (folder: string) => Promise<void>;
  readonly after?: (folder: string) => Promise<void>;
}

const FAULTS: readonly Fault[] = [
  { what: 'the disk becomes full in the middle', code: 'disk-full', inTheMiddle: async (folder) => fillDisk(join(folder, '..', 'ballast')), after: async (folder) => rmSync(join(folder, '..', 'ballast')) },
  { what: 'the disk is full before', code: 'disk-full', before: async (folder) => fillDisk(join(folder, '..', 'ballast')), after: async (folder) => rmSync(join(folder, '..', 'ballast')) },
  {
    what: 'etcd is restarted in the middle', code: 'unreachable',
    inTheMiddle: async () => {
      await members[0].stop();
      await members[0].restart();
    },
  },
  { what: 'etcd is killed in the middle', code: 'unreachable', inTheMiddle: async () => await members[0].kill(), after: async () => await members[0].restart() },
  { what: 'a certificate of another authority', code: 'client-not-trusted', place: async () => await issueEtcdClient(members[0].pki.folder, 'alien', (await makeEtcdPki(join(root, 'alien'))).ca) },
  { what: 'a certificate that has expired', code: 'client-certificate-expired', place: async () => await issueEtcdClient(members[0].pki.folder, 'expired', members[0].pki.ca, { days: -1 / 86_400 }) },
  { what: 'a member of another authority', code: 'server-not-trusted', place: async () => ({ caFile: (await makeEtcdPki(join(root, 'another'))).caFile }) },
  { what: 'a member where nobody listens', code: 'unreachable', place: async () => ({ endpoint: 'https://127.0.0.1:1' }) },
  { what: 'a member that does not answer', code: 'time-out', before: async () => void process.kill(members[0].pid(), 'SIGSTOP'), after: async () => void process.kill(members[0].pid(), 'SIGCONT') },
];

test.for(FAULTS)('$what: $code', { timeout: TEST_MAX_MS }, async ({ what, code, place, before, inTheMiddle, after }, { task, skip }) => {
  const disk = await smallDiskOrSayWhy(DISK_BYTES, 'snapshots on a disk of their own');
  if (disk === null) return skip();
  const folder = join(disk, 'snapshots');
  const order = snapshotOrder(etcdDatastore(members[0]), { folder, recipients: [person.recipient], scratchFolder: join(root, 'scratch'), toolsFolder });
  const good = await taken(takeSnapshot(order, never));
  const whole = readdirSync(folder).toSorted();
  const asked = { ...members[0], place: { ...members[0].place, ...(await place?.()) } };
  const middle: Promise<void>[] = [];
  await before?.(folder);
  const failed = await takeSnapshot(
    { ...order, datastore: etcdDatastore(asked), maxBytesPerS: UNHURRIED, onProgress: ({ doing }) => { if (doing === 'take' && middle.length === 0) middle.push(inTheMiddle?.(folder) ?? Promise.resolve()); } },
    never,
  );
  await Promise.all(middle);
  await after?.(folder);
  const left = readdirSync(folder).toSorted();
  const catalogue = await new SnapshotCatalogue(await openFolder(folder)).list();
  const isWhole = await hasRecordedBytes(join(folder, `${good.id}.snapshot`), good, never);
  await healthy();
  await writer.more();
  const message = failed.ok ? '' : failed.message;
  task.meta.saw = { table: 'faults', rows: [{ FAULT: what, CODE: failed.ok ? 'none' : failed.code, 'LEFT BEHIND': left.length - whole.length, 'GOOD SNAPSHOT': isWhole ? 'whole' : 'TOUCHED', ETCD: members.every((member) => member.isRunning()) ? 'runs' : 'DOWN', SAID: message }] } satisfies EtcdSaw;
  expect(failed).toMatchObject({ ok: false, code });
  expect(message).toMatch(/^[^\n]{20,400}$/);
  expect(left).toEqual(whole);
  expect(left.filter((name) => name.endsWith('.part'))).toEqual([]);
  expect(catalogue).toEqual({ records: [good], problems: [] });
  expect(isWhole).toBe(true);
  expect(members.every((member) => member.isRunning())).toBe(true);
  // And the next one succeeds.
  await taken(takeSnapshot(order, never));
});

async function taken(taking: Promise<SnapshotTaken>): Promise<SnapshotRecord> {
  const done = await taking;
  if (!done.ok || done.proof?.ok !== true) throw new Error(JSON.stringify(done));
  return done.record;
}

/** All three, as etcd says it. */
async function healthy(): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      for (const member of members) await member.ctl('endpoint', 'health');
      return;
    } catch (error) {
      if (attempt === 20) throw error;
      await sleep(500);
    }
  }
}
