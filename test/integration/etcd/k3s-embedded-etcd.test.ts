import { appendFileSync, createReadStream, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { localEtcd } from '../../../agent/core/etcd-places.ts';
import { SnapshotCatalogue } from '../../../agent/snapshots/catalogue/snapshot-catalogue.ts';
import { openFolder } from '../../../agent/snapshots/catalogue/open-folder.ts';
import { openSnapshot } from '../../../agent/snapshots/open-snapshot.ts';
import { ChunkOpener, NONCE_BYTES, payloadKeyOf } from '../../../agent/snapshots/sealed/age-payload.ts';
import { takeSnapshot } from '../../../agent/snapshots/take-snapshot.ts';
import { readHeader } from '../../../shared/age/age-header.ts';
import { generateIdentity } from '../../../shared/age/age-keys.ts';
import type { SnapshotRecord } from '../../../shared/domain/snapshot.ts';
import { mustRun } from '../../fleet/run-program.ts';
import { syncBootstrapData } from '../../fleet/stand-ins/k3s/bootstrap-data.ts';
import { EmbeddedEtcd } from '../../fleet/stand-ins/k3s/embedded-etcd.ts';
import { keepPair } from '../../fleet/stand-ins/k3s/k3s-files.ts';
import { makeCa } from '../../fleet/stand-ins/pki/certificates.ts';
import { etcdProgramsOrSayWhy, etcdutlProgram } from '../../support/etcd-programs.ts';
import { ctlFlags } from '../../support/etcd-server.ts';
import { freePorts } from '../../support/free-port.ts';
import { snapshotOrder } from '../../support/snapshot-order.ts';

const programs = await etcdProgramsOrSayWhy('trixie', 'a snapshot of the etcd that K3s embeds');

const never = new AbortController().signal;
const OTHER_TOKEN = 'bootstrap data already found and encrypted with different token';

describe.skipIf(programs === null)('a snapshot of the etcd that the stand-in of K3s embeds', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'farrier-k3s-'));
  const server = join(folder, 'server');
  const tls = join(server, 'tls');
  const person = generateIdentity();
  let etcd: EmbeddedEtcd;
  let clientPort = 0;

  beforeAll(async () => {
    const [client = 0, peer = 0] = await freePorts(2);
    clientPort = client;
    etcd = new EmbeddedEtcd({ server, node: 's1', address: '127.0.0.1', programs: { etcd: programs?.etcd ?? '', etcdutl: await etcdutlProgram() }, clientPort, peerPort: peer });
    await makeAuthorities();
  });
  afterAll(async () => {
    await etcd.stop();
    rmSync(folder, { recursive: true });
  });

  const take = async (recipients = [person.recipient]): Promise<SnapshotRecord> => {
    const datastore = { kind: 'etcd', installation: 'k3s', etcd: { ...localEtcd('k3s', folder), endpoint: `https://127.0.0.1:${clientPort}` } } as const;
    const taken = await takeSnapshot({ ...snapshotOrder(datastore, { folder: join(folder, 'taken'), recipients, scratchFolder: join(folder, 'scratch'), toolsFolder: folder }), prove: null }, never);
    if (!taken.ok) throw new Error(taken.message);
    return taken.record;
  };
  const makeAuthorities = async (): Promise<void> => {
    mkdirSync(tls, { recursive: true });
    for (const name of ['server-ca', 'client-ca']) await keepPair(join(tls, name), () => makeCa(name));
  };
  const open = (sealed: string): string => {
    const bytes = Buffer.from(sealed, 'base64');
    const header = readHeader(bytes, [person]);
    if (header?.ok !== true) throw new Error('it is not sealed for that person');
    const nonceEnd = header.sizeBytes + NONCE_BYTES;
    const opened = new ChunkOpener(payloadKeyOf(header.fileKey, bytes.subarray(header.sizeBytes, nonceEnd))).open(bytes.subarray(nonceEnd), true);
    if (!Buffer.isBuffer(opened)) throw new Error(opened);
    return opened.toString('utf8');
  };
  const ended = (code: number | null): never => {
    throw new Error(`etcd exited with ${code}`);
  };
  const ca = (): string => readFileSync(join(tls, 'server-ca.crt'), 'utf8');
  const ctl = async (...words: readonly string[]): Promise<string> => {
    const place = { endpoint: `https://127.0.0.1:${clientPort}`, caFile: `${tls}/etcd/server-ca.crt`, certificateFile: `${tls}/etcd/client.crt`, keyFile: `${tls}/etcd/client.key` };
    return await mustRun([programs?.etcdctl ?? '', ...ctlFlags(place), ...words], { env: { ...process.env, ETCDCTL_API: '3' } });
  };

  test('starts with the token that was sealed beside it, and with no other', async () => {
    expect(etcd.isInitialized).toBe(false);
    const store = await etcd.start(ended);
    await syncBootstrapData(store, 'first', tls);
    writeFileSync(join(server, 'token'), 'K10aa::server:first\n');
    const [oldCa, oldName] = [ca(), readFileSync(join(server, 'db/etcd/name'), 'utf8')];
    expect(oldName).toMatch(/^s1-[0-9a-f]{8}$/);
    await store.put('/registry/configmaps/default/before', 'x', 0);
    const record = await take();
    expect((await new SnapshotCatalogue(await openFolder(join(folder, 'taken'))).list()).records).toEqual([record]);
    const snapshot = join(folder, 'snapshot.db');
    await openSnapshot(createReadStream(join(folder, 'taken', `${record.id}.snapshot`)) as AsyncIterable<Buffer>, record, [person], { write: async (chunk) => appendFileSync(snapshot, chunk) }, never);
    // Sealed for nobody, or another one in its place: which one it needs is known all the same.
    const { hash } = record.token ?? {};
    expect((await take([])).token).toEqual({ hash, sealed: null });
    writeFileSync(join(server, 'token'), 'K10aa::server:second\n');
    expect((await take()).token).toEqual({ hash, sealed: null });
    await store.put('/registry/configmaps/default/later', 'x', 0);
    await etcd.stop();

    // All that K3s has is lost: it makes another cluster.
    for (const part of ['db', 'tls']) rmSync(join(server, part), { recursive: true });
    await makeAuthorities();
    await syncBootstrapData(await etcd.start(ended), 'second', tls);
    await etcd.stop();
    expect(ca()).not.toBe(oldCa);

    const restored = await etcd.restore(snapshot, ended);
    await expect(syncBootstrapData(restored, 'second', tls)).rejects.toThrow(OTHER_TOKEN);
    expect(ca()).not.toBe(oldCa);
    const token = open(record.token?.sealed ?? '').split(':').at(-1) ?? '';
    await syncBootstrapData(restored, token, tls);
    expect(ca()).toBe(oldCa);
    await etcd.stop();

    expect(readdirSync(join(server, 'db')).toSorted()).toEqual(['etcd', expect.stringMatching(/^etcd-old-[0-9]+$/), 'reset-flag']);
    expect(etcd.isInitialized).toBe(true);
    const again = await etcd.start(ended);
    expect((await again.list('/registry/configmaps/')).map(({ key }) => key)).toEqual(['/registry/configmaps/default/before']);
    const newName = readFileSync(join(server, 'db/etcd/name'), 'utf8');
    expect(newName).not.toBe(oldName);
    expect((await ctl('member', 'list')).trim().split('\n')).toEqual([expect.stringContaining(`, started, ${newName}, `)]);
  });
});
