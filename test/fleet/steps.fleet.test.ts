import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { playCase } from '../prove/steps/play-case.ts';
import { KUBEADM_NEW, KUBEADM_OLD, NO_BUILD } from '../prove/steps/sequences.ts';
import { Stand } from '../prove/steps/stand.ts';
import { allCases } from '../prove/steps/sweep-case.ts';
import { bootFleet, type Fleet } from './fleet.ts';
import { codeFor, LonelyHost } from './lonely-host.ts';
import { missingParts, notChecked } from './missing-parts.ts';
import { makeKubeadmCluster } from './stand-ins/make-kubeadm-cluster.ts';
import { packStandIns } from './stand-ins/pack-stand-ins.ts';

const missing = await missingParts();
if (missing.length > 0) console.warn(notChecked('the steps of a worker on real hosts', missing));

/** Of npm run prove:steps, which has every step of every kind of node. */
describe.skipIf(missing.length > 0)('a worker on its way to the next minor', () => {
  const folder = mkdtempSync(join(tmpdir(), 'farrier-steps-'));
  const stands = new Map<string, Stand>();
  let fleet: Fleet;

  beforeAll(async () => {
    const { aptRepository, sharedFolders } = await packStandIns(folder, { kubernetes: [KUBEADM_OLD, KUBEADM_NEW] });
    const workers = ['fails', 'cut'];
    fleet = await bootFleet({ hosts: ['cp', ...workers].map((name) => ({ name })), aptRepository, sharedFolders: { ...sharedFolders, ...codeFor(folder) }, onProgress: console.log });
    const cluster = await makeKubeadmCluster(fleet, { controlPlanes: ['cp'], workers, version: KUBEADM_NEW, workerVersion: KUBEADM_OLD });
    await Promise.all(
      workers.map(async (name) => {
        const lonely = new LonelyHost(fleet.host(name));
        await lonely.prepareSource();
        await lonely.driveAtBoot();
        stands.set(name, await Stand.of({ lonely, cluster, together: [lonely.host], stepsOf: ({ steps }) => steps(NO_BUILD) }));
      }),
    );
  });

  afterAll(async () => {
    await fleet?.tearDown();
    rmSync(folder, { recursive: true, force: true });
  });

  test.concurrent.each([
    ['fails', 'worker/kubelet/failure', 'old'],
    ['cut', 'worker/packages-kubelet/cut', 'new'],
  ])('%s: %s ends %s', async (name, picked, outcome) => {
    const stand = stands.get(name);
    const played = allCases().find((one) => one.name === picked);
    if (stand === undefined || played === undefined) throw new Error(`nothing to play ${picked} on`);
    expect(await playCase(stand, played, null)).toMatchObject({ outcome, problems: [] });
    for (const line of outcome === 'new' ? played.track.shows : []) expect((await stand.state()).split('\n')).toContain(line);
  });
});
