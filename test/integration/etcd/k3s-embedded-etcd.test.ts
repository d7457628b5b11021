import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { mustRun } from '../../fleet/run-program.ts';
import { syncBootstrapData } from '../../fleet/stand-ins/k3s/bootstrap-data.ts';
import { EmbeddedEtcd } from '../../fleet/stand-ins/k3s/embedded-etcd.ts';
import { keepPair } from '../../fleet/stand-ins/k3s/k3s-files.ts';
import { makeCa } from '../../fleet/stand-ins/pki/certificates.ts';
import { etcdProgramsOrSayWhy, etcdutlProgram } from '../../support/etcd-programs.ts';
import { ctlFlags } from '../../support/etcd-server.ts';
import { freePorts } from '../../support/free-port.ts';

const programs = await etcdProgramsOrSayWhy('trixie', 'the embedded etcd of the stand-in of K3s');

const OTHER_TOKEN = 'bootstrap data already found and encrypted with different token';

describe.skipIf(programs === null)('the embedded etcd of the stand-in of K3s', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'farrier-k3s-'));
  const server = join(folder, 'server');
  const tls = join(server, 'tls');
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

  const makeAuthorities = async (): Promise<void> => {
    mkdirSync(tls, { recursive: true });
    for (const name of ['server-ca', 'client-ca']) await keepPair(join(tls, name), () => makeCa(name));
  };
  const ended = (code: number | null): never => {
    throw new Error(`etcd exited with ${code}`);
  };
  const ca = (): string => readFileSync(join(tls, 'server-ca.crt'), 'utf8');
  const ctl = async (...words: readonly string[]): Promise<string> => {
    const place = { endpoint: `https://127.0.0.1:${clientPort}`, caFile: `${tls}/etcd/server-ca.crt`, certificateFile: `${tls}/etcd/client.crt`, keyFile: `${tls}/etcd/client.key` };
    return await mustRun([programs?.etcdctl ?? '', ...ctlFlags(place), ...words], { env: { ...process.env, ETCDCTL_API: '3' } });
  };

  test('goes back to a snapshot, keeps what lay there, and takes the authorities out of it with the token of that time alone', async () => {
    expect(etcd.isInitialized).toBe(false);
    const store = await etcd.start(ended);
    await syncBootstrapData(store, 'first', tls);
    const [oldCa, oldName] = [ca(), readFileSync(join(server, 'db/etcd/name'), 'utf8')];
    expect(oldName).toMatch(/^s1-[0-9a-f]{8}$/);
    await store.put('/registry/configmaps/default/before', 'x', 0);
    const snapshot = join(folder, 'snapshot.db');
    await ctl('snapshot', 'save', snapshot);
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
    await syncBootstrapData(restored, 'first', tls);
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
