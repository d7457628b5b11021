import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { missingParts, notChecked } from '../fleet/missing-parts.ts';
import { makeK3sCluster } from '../fleet/stand-ins/make-k3s-cluster.ts';
import { RestoreStage } from './restore-stage.ts';
import { type ClusterStage, withClusterStage } from './steps/cluster-stage.ts';

const missing = await missingParts();
if (missing.length > 0) console.warn(notChecked('the restore of K3s with SQLite on real hosts', missing));

const VERSION = 'v1.33.9+k3s1';
const SERVER = '/var/lib/rancher/k3s/server';
const MAPS = '/api/v1/namespaces/default/configmaps';
const OVER_MAX_MS = 6 * 60_000;
const TEST_MAX_MS = 15 * 60_000;

describe.skipIf(missing.length > 0)('the SQLite of K3s on real hosts', { timeout: TEST_MAX_MS }, () => {
  let cluster: ClusterStage;
  let stage: RestoreStage;
  let tearDown: () => void = () => undefined;
  let over: Promise<void>;

  beforeAll(async () => {
    cluster = await new Promise<ClusterStage>((resolve, reject) => {
      const ended = new Promise<void>((end) => {
        tearDown = end;
      });
      over = withClusterStage({ nodes: ['s1', 'a1'], versions: { k3s: [VERSION] }, makeCluster: async (fleet, standIns) => await makeK3sCluster(fleet, standIns, { server: 's1', agents: ['a1'], version: VERSION }) }, async (made) => {
        resolve(made);
        await ended;
      });
      over.catch(reject);
    });
    stage = new RestoreStage(cluster);
    await stage.prepareKeys();
  }, TEST_MAX_MS);

  afterAll(async () => {
    tearDown();
    await over;
  }, TEST_MAX_MS);

  const create = async (name: string): Promise<void> => await cluster.cluster.create(MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { from: name } });
  const names = async (): Promise<readonly string[]> => (await cluster.cluster.get<{ readonly items: readonly { readonly metadata: { readonly name: string } }[] }>(MAPS)).items.map(({ metadata }) => metadata.name);

  test('a server whose datastore, token and certificates are lost has all of them back, and its agent finds it again', async () => {
    const [server] = stage.hosts;
    if (server === undefined) throw new Error('no server');
    await create('before');
    const token = await server.mustExec(['cat', `${SERVER}/token`]);
    await stage.take(server);
    await create('later');
    await server.mustExec(['sh', '-c', `systemctl stop k3s.service; rm -rf ${SERVER}/db ${SERVER}/tls ${SERVER}/token; mkdir ${SERVER}/db; systemctl start k3s.service`]);
    // What K3s makes of nothing: another cluster.
    expect(await server.mustExec(['cat', `${SERVER}/token`])).not.toBe(token);

    const rollout = await stage.restore();
    await cluster.farrier.waitFor(rollout, ['completed'], OVER_MAX_MS).catch(async (error: unknown) => {
      throw new Error(`${String(error)}\n${await stage.tell(server)}`);
    });
    expect(await server.mustExec(['cat', `${SERVER}/token`])).toBe(token);
    const found = await names();
    expect(found).toContain('before');
    expect(found).not.toContain('later');
    await cluster.cluster.waitUntilReady(VERSION, OVER_MAX_MS);
    expect((await server.mustExec(['ls', SERVER])).split('\n').filter((name) => name.startsWith('farrier-'))).toEqual([expect.stringMatching(/^farrier-before-restore-/)]);
    await server.mustExec(['test', '!', '-e', '/etc/systemd/system/k3s.service.d/zz-farrier-restore.conf']);
  });
});
