import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { roundDown } from '../../agent/facts/machine.ts';
import type { StepSpec } from '../../shared/domain/step-spec.ts';
import { writeAptRepository } from './apt-repository.ts';
import { makeDeb } from './deb-package.ts';
import { bootFleet, type Fleet } from './fleet.ts';
import { codeFor, LonelyHost } from './lonely-host.ts';
import { missingParts, notChecked } from './missing-parts.ts';
import { CGROUP_V1, type Files, kubeadm, kubelet, OF_KUBEADM, PREFLIGHT_CASES } from './preflight-cases.ts';

const missing = await missingParts();
if (missing.length > 0) console.warn(notChecked('preflight on real hosts', missing));

const MIB = 2 ** 20;
const PACKAGES = [['kubeadm', '1.34.4-1.1'], ['kubelet', '1.34.4-1.1'], ['kubectl', '1.34.4-1.1'], ['containerd', '1.6.20-1'], ['crun', '1.8.1-1']] as const;

describe.skipIf(missing.length > 0)('what stands in the way of an upgrade, on the host itself', () => {
  const folder = mkdtempSync(join(tmpdir(), 'farrier-preflight-'));
  let fleet: Fleet;
  let edge: LonelyHost;
  let small: LonelyHost;

  beforeAll(async () => {
    const debs = PACKAGES.map(([name, version]) => makeDeb(join(folder, 'debs'), { name, version, files: { [`/usr/bin/${name}`]: { content: '#!/bin/sh\nexit 1\n', mode: 0o755 } } }));
    await writeAptRepository(join(folder, 'repository'), await Promise.all(debs));
    fleet = await bootFleet({ hosts: [{ name: 'edge' }, { name: 'small', diskMiB: 300 }], aptRepository: join(folder, 'repository'), sharedFolders: codeFor(folder), onProgress: console.log });
    edge = new LonelyHost(fleet.host('edge'));
    small = new LonelyHost(fleet.host('small'));
    const install = ['dpkg', '--install', ...PACKAGES.map(([name, version]) => `/srv/repo/${name}_${version}_all.deb`)];
    await Promise.all([edge, small].map(({ host }) => host.mustExec(install)));
  });

  afterAll(async () => {
    await fleet?.tearDown();
    rmSync(folder, { recursive: true, force: true });
  });

  async function put({ host }: LonelyHost, files: Files): Promise<void> {
    for (const [path, text] of Object.entries(files)) await host.writeFile(path, text);
  }

  async function stage(hoof: LonelyHost, generation: number, steps: readonly StepSpec[]) {
    const { end, staged, begun } = await hoof.stage(generation, steps);
    if (staged) await hoof.agent('release');
    return { kind: end?.kind, code: end?.outcome.code, object: end?.outcome.object, line: end?.outcome.message, staged, begun };
  }

  function refusedWith(object: string, line: string) {
    return { kind: 'refused', code: 'preflight-failed', object, line, staged: false, begun: false };
  }

  test('each rule has a host that trips it, and this line', async () => {
    const lines = (await edge.host.mustExec(['/farrier/node_modules/.bin/node', '/farrier/test/fleet/preflight-main.ts'], { timeoutMs: 120_000 })).trim().split('\n');
    const type = (await edge.host.mustExec(['stat', '--file-system', '--format=%T', '/sys/fs/cgroup'])).trim();
    if (type === 'cgroup2fs') console.warn('NOT checked: that a host with cgroup v1 is refused; this machine has v2');
    const refused = (message: string, object: string) => ({ ok: false, outcome: { code: 'preflight-failed', message, object } });
    const expected = PREFLIGHT_CASES.map(([title, , , object, line]) => ({ title, result: type === 'cgroup2fs' && title === CGROUP_V1 ? { ok: true } : refused(line, object) }));
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(expected);
  });

  test('an assignment is refused by it before anything is begun, and taken once nothing stands in its way', async () => {
    const flag = { '/etc/default/kubelet': 'KUBELET_EXTRA_ARGS=--pod-infra-container-image=pause:3.9\n' };
    await put(edge, { ...OF_KUBEADM, ...flag });
    const line = 'pod-infra-image-flag: /etc/default/kubelet gives the kubelet --pod-infra-container-image, which it does not know from 1.35 on and then does not start: take it out there, and out of whatever writes that file';
    expect(await stage(edge, 1, [kubelet('1.35.0')])).toEqual(refusedWith('/etc/default/kubelet', line));
    await put(edge, { '/etc/default/kubelet': 'KUBELET_EXTRA_ARGS=\n' });
    expect(await stage(edge, 2, [kubelet('1.35.0')])).toMatchObject({ kind: undefined, staged: true, begun: false });
  });

  test('a disk on which the images have no room', async () => {
    await put(small, OF_KUBEADM);
    const [blocks = 0, size = 0] = (await small.host.mustExec(['stat', '--file-system', '--format=%a %S', '/'])).trim().split(' ').map(Number);
    const free = Math.ceil(roundDown(blocks * size) / MIB);
    const line = `disk-too-small: / has ${free} MiB free, and 256 MiB will come there, of which 2 times as much has to be free: make room for ${512 - free} MiB`;
    expect(await stage(small, 1, [kubeadm('1.34.5', 'worker')])).toEqual(refusedWith('/', line));
  });
});
