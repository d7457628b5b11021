import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { openSnapshot } from '../../agent/snapshots/open-snapshot.ts';
import { openPlainFileSink } from '../../agent/snapshots/plain-file-sink.ts';
import { takeSnapshot } from '../../agent/snapshots/take-snapshot.ts';
import { generateIdentity } from '../../shared/age/age-keys.ts';
import { etcdPrograms } from '../support/etcd-programs.ts';
import { type RunningEtcd, startEtcdCluster } from '../support/etcd-server.ts';
import { etcdToolsFolder } from '../support/etcd-tools.ts';
import { type EtcdWriter, startEtcdWriter } from '../support/etcd-writer.ts';
import { restoredKeys } from '../support/restored-keys.ts';
import { etcdDatastore, snapshotOrder } from '../support/snapshot-order.ts';
import type { EtcdSaw } from './etcd-rows.ts';

const TEST_MAX_MS = 5 * 60_000;
const WRITTEN = '/registry/written';
/** So many at least, or the snapshot was not taken among writes. */
const PUTS_MIN = 20;
const never = new AbortController().signal;

describe.each(['bookworm', 'trixie'] as const)('three members of etcd of Debian %s, which write all the while', async (suite) => {
  const programs = await etcdPrograms(suite);
  const root = mkdtempSync(join(tmpdir(), 'farrier-members-'));
  const person = generateIdentity();
  const places = { folder: join(root, 'snapshots'), recipients: [person.recipient], scratchFolder: join(root, 'scratch'), toolsFolder: etcdToolsFolder(join(root, 'tools'), programs) };
  let members: readonly RunningEtcd[];
  let writer: EtcdWriter;
  beforeAll(async () => {
    members = await startEtcdCluster(programs, 3, { peerTls: true });
    await members[0]?.fill({ prefix: '/registry/pods/default', count: 500, valueBytes: 10_000 });
    writer = startEtcdWriter(members.map(({ place }) => place), WRITTEN);
  });
  afterAll(async () => {
    await writer.stop();
    await Promise.all(members.map((member) => member.dispose()));
    rmSync(root, { recursive: true });
  });

  test.for([0, 1, 2])('a snapshot of member %i is proved, and holds every write that was acknowledged before it', { timeout: TEST_MAX_MS }, async (index, { task }) => {
    const member = members[index] as RunningEtcd;
    await writer.more();
    const before = writer.acknowledged.length;
    const isLeader = (await leads(member)) ? 'leader' : 'follower';
    const taken = await takeSnapshot(snapshotOrder(etcdDatastore(member), places), never);
    if (!taken.ok || taken.proof?.ok !== true) throw new Error(JSON.stringify(taken));
    const { record, proof } = taken;
    const meanwhile = writer.acknowledged.length - before;
    const plain = join(root, `plain-${index}`);
    const sink = await openPlainFileSink(plain, never);
    expect(await openSnapshot(createReadStream(join(places.folder, `${record.id}.snapshot`)) as AsyncIterable<Buffer>, record, [person], sink, never)).toEqual({ ok: true });
    await sink.finish();
    const restored = await restoredKeys(programs, plain, WRITTEN);
    const due = writer.acknowledged.filter(({ revision }) => revision <= record.revision);
    const missing = due.filter(({ key, value }) => restored.get(key) !== value);
    const compared = proof.record.comparisons.filter(({ outcome }) => outcome === 'same').length;
    task.meta.saw = {
      table: 'snapshots under writes',
      rows: [{ ETCD: record.version, MEMBER: isLeader, 'WRITES MEANWHILE': meanwhile, 'ACKNOWLEDGED BEFORE': due.length, MISSING: missing.length, 'RESTORED OF THEM': restored.size, PROOF: `${compared} facts the same` }],
    } satisfies EtcdSaw;
    expect(missing).toEqual([]);
    expect(due.length).toBeGreaterThan(PUTS_MIN);
    expect(meanwhile).toBeGreaterThan(PUTS_MIN);
    expect(proof.record.comparisons.filter(({ outcome }) => outcome === 'different')).toEqual([]);
  });
});

async function leads(member: RunningEtcd): Promise<boolean> {
  const [{ Status }] = JSON.parse(await member.ctl('endpoint', 'status', '-w', 'json')) as [{ Status: { header: { member_id: number }; leader: number } }];
  return Status.header.member_id === Status.leader;
}
