import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { HostFacts } from '../../../shared/domain/host-facts.ts';
import type { StepSpec } from '../../../shared/domain/step-spec.ts';
import { planDockerToContainerd } from '../../../shared/procedures/docker-to-containerd.ts';
import { putBusybox } from '../../fleet/container-image.ts';
import { bootFleet, type Fleet } from '../../fleet/fleet.ts';
import type { Host } from '../../fleet/host.ts';
import { hostState } from '../../fleet/host-state.ts';
import { codeFor, LonelyHost, told } from '../../fleet/lonely-host.ts';
import { missingParts, notChecked } from '../../fleet/missing-parts.ts';
import { mustRun } from '../../fleet/run-program.ts';
import { CRI_DOCKERD, putOnDocker } from '../../fleet/stand-ins/docker-node.ts';
import type { KubernetesCluster } from '../../fleet/stand-ins/kubernetes-cluster.ts';
import { makeKubeadmCluster } from '../../fleet/stand-ins/make-kubeadm-cluster.ts';
import { packStandIns } from '../../fleet/stand-ins/pack-stand-ins.ts';
import { realFolder } from '../../fleet/stand-ins/real-programs.ts';

const missing = await missingParts();
if (missing.length > 0) console.warn(notChecked('the way of a node from Docker to containerd and back', missing));
if (realFolder() !== null) console.warn('NOT CHECKED: the way of a node from Docker to containerd and back: there is no real cri-dockerd');

const VERSION = '1.33.9';
const IMAGES = ['web', 'store', 'spare'].map((name) => `docker.io/library/${name}:1`);
const OVER_MAX_MS = 240_000;
const REMOVE_DOCKER: readonly StepSpec[] = [{ kind: 'packages', name: 'remove-packages', timeoutMs: OVER_MAX_MS, install: [], sources: [], conffiles: 'keep', remove: ['docker.io'] }];
const SOCKET = 'kubeadm.alpha.kubernetes.io/cri-socket';

// Docker, its containers and images, containerd and systemd are real; kubelet, kubeadm, API server and cri-dockerd are not.
describe.skipIf(missing.length > 0 || realFolder() !== null)('a node on Docker', { timeout: 10 * 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'farrier-docker-'));
  let fleet: Fleet;
  let cluster: KubernetesCluster;
  let node: LonelyHost;
  let steps: readonly StepSpec[];

  beforeAll(async () => {
    const standIns = await packStandIns(folder, { kubernetes: [VERSION] });
    fleet = await bootFleet({
      ...standIns,
      ...{ hosts: [{ name: 'cp' }, { name: 'node' }], suite: 'bookworm', extraPackages: ['docker.io', 'iptables'], ownPaths: ['/var/lib/docker'], onProgress: console.log },
      sharedFolders: { ...standIns.sharedFolders, ...codeFor(folder) },
    });
    cluster = await makeKubeadmCluster(fleet, { controlPlanes: ['cp'], workers: ['node'], version: VERSION });
    node = new LonelyHost(fleet.host('node'));
    await fillDocker(node.host, folder);
    // As where Docker brought them.
    await node.host.mustExec(['apt-mark', 'auto', 'containerd', 'runc']);
    await putOnDocker(node.host, cluster);
    steps = await stepsFor(node);
  });

  afterAll(async () => {
    await fleet?.tearDown();
    rmSync(folder, { recursive: true, force: true });
  });

  test('goes to containerd with its images, and back to exactly what it was, with the same containers', async () => {
    const before = await lookAt(node.host, cluster);
    expect(before).toMatchObject({ runtime: expect.stringMatching(/^docker:\/\/20\.10\.\d+$/) as unknown, socket: CRI_DOCKERD, containerd: [] });
    expect(before.running).toHaveLength(2);
    const docker = await imagesOfDocker(node.host);
    console.log(`${before.runtime}: ${before.running.length} containers, ${docker.length} images; ${steps.map(({ name }) => name).join(', ')}`);

    expect(told(await node.whole(1, steps, OVER_MAX_MS))).toMatch(/^done /);
    const there = await lookAt(node.host, cluster);
    expect(there).toMatchObject({ runtime: expect.stringMatching(/^containerd:\/\/1\.6\.\d+$/) as unknown, socket: 'unix:///run/containerd/containerd.sock', containerd: IMAGES.toSorted(), running: [] });
    expect(there.units).toBe('docker.service disabled inactive, docker.socket disabled inactive, cri-docker.service disabled inactive, cri-docker.socket disabled inactive');
    console.log(`there: ${there.runtime}, ${there.containerd.length} images in containerd`);

    expect(told(await node.whole(2, 1, OVER_MAX_MS))).toMatch(/^done /);
    expect(await lookAt(node.host, cluster)).toEqual(before);
    expect(await imagesOfDocker(node.host)).toEqual(docker);
    console.log(`back: ${before.runtime}, the same containers and images, every file as it was`);
  });

  test('refuses while it is staged what would lose a container of somebody’s, and changes nothing', async () => {
    await node.host.mustExec(['docker', 'run', '--detach', '--name', 'build', 'spare:1']);
    const before = await lookAt(node.host, cluster);
    const staged = await node.stage(3, steps);
    expect(told(staged)).toMatch(/^refused not-allowed/);
    expect(await lookAt(node.host, cluster)).toEqual(before);
    await node.host.mustExec(['docker', 'rm', '--force', 'build']);
  });

  test('a kubelet that does not come up on containerd brings it back to Docker', async () => {
    const before = await lookAt(node.host, cluster);
    const broken = steps.map((step) => (step.kind === 'kubelet' && step.action === 'restart' ? { ...step, version: '1.33.8' } : step));
    expect(told(await node.whole(4, broken, OVER_MAX_MS))).toMatch(/^reverted wrong-version/);
    expect(await lookAt(node.host, cluster)).toEqual(before);
  });

  test('loses Docker later and nothing else, also not to a clean-up, and has it back as it was', async () => {
    expect(told(await node.whole(5, steps, OVER_MAX_MS))).toMatch(/^done /);
    const there = await lookAt(node.host, cluster);
    expect(told(await node.whole(6, REMOVE_DOCKER, OVER_MAX_MS))).toMatch(/^done /);
    expect(await node.host.mustExec(['sh', '-c', 'command -v docker || echo none'])).toBe('none\n');
    expect(await node.host.mustExec(['apt-get', 'autoremove', '--simulate'])).not.toMatch(/^Remv (?:containerd|runc) /m);
    expect(await lookAt(node.host, cluster)).toMatchObject({ runtime: there.runtime, containerd: there.containerd });
    expect(told(await node.whole(7, 6, OVER_MAX_MS))).toMatch(/^done /);
    expect(await lookAt(node.host, cluster)).toEqual(there);
    console.log('Docker was taken away, containerd stayed, and Docker came back as it was');
  });
});

/** Three images and two containers that Docker starts again by itself. */
async function fillDocker(host: Host, folder: string): Promise<void> {
  const rootFs = mkdtempSync(join(folder, 'root-'));
  putBusybox(rootFs);
  const tar = join(folder, 'root.tar');
  await mustRun(['tar', '--create', '--file', tar, '--directory', rootFs, '.']);
  await host.copyIn(tar, '/var/tmp/root.tar');
  for (const image of IMAGES) await host.mustExec(['docker', 'import', '--change', `ENV NAME=${image}`, '--change', 'CMD ["/bin/sleep", "2147483647"]', '/var/tmp/root.tar', image]);
  await host.mustExec(['rm', '/var/tmp/root.tar']);
  await host.mustExec(['docker', 'run', '--detach', '--init', '--name', 'web', '--restart', 'unless-stopped', 'web:1']);
  await host.mustExec(['docker', 'run', '--detach', '--init', '--name', 'store', '--restart', 'always', 'store:1']);
}

/** As the procedure composes them of what the host's own agent tells. */
async function stepsFor(node: LonelyHost): Promise<readonly StepSpec[]> {
  const facts = JSON.parse(await node.agent('facts')) as HostFacts;
  const planned = planDockerToContainerd({ kind: 'docker-to-containerd', images: IMAGES, systemdCgroup: true, sandboxImage: null, probe: null }, [{ name: 'node', cluster: 'lab', agent: null, isSelected: true, facts }]);
  if (!planned.ok) throw new Error(planned.problems.map(({ message }) => message).join('\n'));
  return (planned.hops[0]?.steps.get('node') ?? []).map(({ step }) => step);
}

async function lookAt(host: Host, cluster: KubernetesCluster) {
  const { metadata, status } = await cluster.node(host.name);
  const show = async (unit: string): Promise<string> => `${unit} ${(await host.mustExec(['systemctl', 'show', '--value', '--property=UnitFileState,ActiveState', unit])).trim().split('\n').toReversed().join(' ')}`;
  const units = await Promise.all(['docker.service', 'docker.socket', 'cri-docker.service', 'cri-docker.socket'].map(show));
  const ps = (await host.exec(['docker', 'ps', '--no-trunc', '--format', '{{.ID}} {{.Names}} {{.Image}}'])).stdout;
  const containerd = await host.mustExec(['ctr', '--namespace', 'k8s.io', 'images', 'list', '--quiet']);
  return {
    runtime: status.nodeInfo?.['containerRuntimeVersion'] ?? '',
    socket: metadata.annotations?.[SOCKET] ?? '',
    units: units.join(', '),
    running: linesOf(ps),
    containerd: linesOf(containerd).filter((name) => IMAGES.includes(name)),
    files: await hostState(host),
    containerdFiles: await host.mustExec(['sh', '-c', 'find /etc/containerd -type f -exec sha256sum {} +; find /etc/containerd -printf "%p %m %U:%G\\n" | sort']),
  };
}

/** With their IDs, which are digests of what they are. */
async function imagesOfDocker(host: Host): Promise<readonly string[]> {
  return linesOf(await host.mustExec(['docker', 'images', '--no-trunc', '--format', '{{.ID}} {{.Repository}}:{{.Tag}}']));
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '').toSorted();
}
