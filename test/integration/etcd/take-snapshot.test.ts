import { createReadStream, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';

import { openFolder } from '../../../agent/snapshots/catalogue/open-folder.ts';
import { type CatalogueList, SnapshotCatalogue } from '../../../agent/snapshots/catalogue/snapshot-catalogue.ts';
import { hasRecordedBytes } from '../../../agent/snapshots/catalogue/verify-bytes.ts';
import { openSnapshot } from '../../../agent/snapshots/open-snapshot.ts';
import { takeSnapshot } from '../../../agent/snapshots/take-snapshot.ts';
import type { SnapshotOrder, SnapshotProgress } from '../../../agent/snapshots/snapshot-order.ts';
import { generateIdentity } from '../../../shared/age/age-keys.ts';
import { etcdProgramsOrSayWhy } from '../../support/etcd-programs.ts';
import { startEtcd } from '../../support/etcd-server.ts';
import { etcdToolsFolder } from '../../support/etcd-tools.ts';
import { kineServer } from '../../support/kine-server.ts';
import { etcdDatastore, snapshotOrder } from '../../support/snapshot-order.ts';

const TEST_MAX_MS = 60_000;
const never = new AbortController().signal;
const person = generateIdentity();
const root = mkdtempSync(join(tmpdir(), 'farrier-take-'));
afterAll(() => rmSync(root, { recursive: true }));
const folder = join(root, 'taken');
const scratchFolder = join(root, 'scratch');
beforeEach(() => rmSync(folder, { recursive: true, force: true }));

const list = async (): Promise<CatalogueList> => await new SnapshotCatalogue(await openFolder(folder)).list();
const order = (datastore: SnapshotOrder['datastore'], toolsFolder: string, change: Partial<SnapshotOrder> = {}): SnapshotOrder => ({ ...snapshotOrder(datastore, { folder, recipients: [person.recipient], scratchFolder, toolsFolder }), ...change });

const programs = await etcdProgramsOrSayWhy('trixie', 'a snapshot of etcd, taken and proved');
if (programs === null) test('a snapshot of etcd, taken and proved: NOT CHECKED, no etcd', ({ skip }) => skip());
else {
  describe('a snapshot of etcd', { timeout: TEST_MAX_MS }, async () => {
    const etcd = await startEtcd(programs);
    afterAll(() => etcd.dispose());
    await etcd.fill({ prefix: '/registry/pods/default', count: 50, valueBytes: 1_000 });
    const toolsFolder = etcdToolsFolder(join(root, 'tools'), programs);
    const datastore = etcdDatastore(etcd);

    test('is catalogued with what the member said, sealed for people, proved with a key that nobody keeps', async () => {
      const progress: SnapshotProgress[] = [];
      const taken = await takeSnapshot(order(datastore, toolsFolder, { onProgress: (each) => void progress.push(each) }), never);
      if (!taken.ok || taken.proof?.ok !== true) throw new Error(JSON.stringify(taken));
      const { record, proof } = taken;
      expect(record).toMatchObject({ cluster: 'prod', datastore: 'etcd', member: { name: 'm0' }, copies: [{ kind: 'host', node: 'cp-1' }], proof: null, look: { keys: 50, registryKeys: 50, kubeSystem: null } });
      expect(record.sealed?.recipients).toEqual([person.recipient.fingerprint]);
      expect(await list()).toEqual({ records: [record], problems: [] });
      // Not only the file against itself: the member said so before.
      expect(proof.record.comparisons).toContainEqual({ fact: 'live-keys', against: 'member', expected: '50', found: '50', outcome: 'same', because: '' });
      expect(progress.map(({ doing }) => doing).filter((doing, index, all) => doing !== all[index - 1])).toEqual(['look', 'take', 'prove']);
      const path = join(folder, `${record.id}.snapshot`);
      expect(await hasRecordedBytes(path, record, never)).toBe(true);
      const opened = await openSnapshot(createReadStream(path) as AsyncIterable<Buffer>, record, [person], { write: async () => undefined }, never);
      expect(opened).toEqual({ ok: true });
      expect(readdirSync(root).toSorted()).not.toContain('scratch');
    });

    test('without recipients lies there plain; without a name it has the cluster\'s own id; unproved where nobody asked', async () => {
      const taken = await takeSnapshot(order(datastore, toolsFolder, { recipients: [], cluster: null, prove: null }), never);
      expect(taken).toMatchObject({ ok: true, proof: null, record: { sealed: null, cluster: expect.stringMatching(/^\d+$/) } });
    });

    test('that cannot be proved is kept, without a proof', async () => {
      const taken = await takeSnapshot(order(datastore, join(root, 'nowhere')), never);
      expect(taken).toMatchObject({ ok: true, record: { proof: null }, proof: { ok: false, code: 'wrong-tool', phase: 'prepare' } });
      expect((await list()).records).toHaveLength(1);
    });

    test('of a member that is away: what stopped it is said, and nothing is left', async () => {
      const away = etcdDatastore({ ...etcd, place: { ...etcd.place, endpoint: 'https://127.0.0.1:1' } });
      expect(await takeSnapshot(order(away, toolsFolder), never)).toMatchObject({ ok: false, code: 'unreachable' });
      expect(await list()).toEqual({ records: [], problems: [] });
    });
  });
}

describe('a snapshot of K3s\' SQLite', () => {
  const { server, kine } = kineServer(root);
  afterAll(() => kine.database.close());
  const datastore = { kind: 'sqlite', server, version: 'v1.34.2+k3s1' } as const;

  test('is catalogued and proved: revision, keys and token', async () => {
    const taken = await takeSnapshot(order(datastore, root, { cluster: null }), never);
    if (!taken.ok || taken.proof?.ok !== true) throw new Error(JSON.stringify(taken));
    expect(taken.record).toMatchObject({ cluster: 'cp-1', datastore: 'sqlite', clusterId: null, member: { id: null, name: 'cp-1' }, revision: 72, liveKeys: 40, version: 'v1.34.2+k3s1', look: null });
    expect(taken.proof.record).toMatchObject({ datastore: 'sqlite', tools: { restore: expect.stringMatching(/^SQLite 3\./) }, snapshot: { revision: 72 } });
    expect(taken.proof.record.comparisons.map(({ fact, found, outcome }) => `${fact} ${found.slice(0, 8)} ${outcome}`)).toEqual([`digest ${taken.record.plain.digest.slice(0, 8)} same`, 'structure whole same', 'revision 72 same', 'live-keys 40 same', 'token there same']);
    expect(await list()).toEqual({ records: [taken.record], problems: [] });
    expect(readdirSync(root)).not.toContain('scratch');
  });

  test('of a server without a database: what stopped it is said, and nothing is left', async () => {
    expect(await takeSnapshot(order({ ...datastore, server: join(root, 'nowhere') }, root), never)).toMatchObject({ ok: false, code: 'no-database' });
    expect(await list()).toEqual({ records: [], problems: [] });
  });
});
