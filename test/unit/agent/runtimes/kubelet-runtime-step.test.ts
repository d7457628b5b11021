import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { hostFiles } from '../../../../agent/facts/host-files.ts';
import { kubeletRuntimeStep, type KubeletRuntimePrior } from '../../../../agent/steps/kubelet-runtime/kubelet-runtime.ts';
import type { DockerLook } from '../../../../agent/ports/docker.ts';
import type { EarlierStep } from '../../../../agent/steps/step.ts';
import type { KubeletRuntimeSpec } from '../../../../shared/domain/steps/kubelet-runtime-spec.ts';
import { KubeadmLab, kubeletConfigText } from '../../../support/kubeadm-lab.ts';
import { MemoryCri } from '../../../support/memory-cri.ts';

const CONTAINERD = 'unix:///run/containerd/containerd.sock';
const DOCKER = 'unix:///run/cri-dockerd.sock';
const SOCKET = 'kubeadm.alpha.kubernetes.io/cri-socket';
const FLAGS = 'var/lib/kubelet/kubeadm-flags.env';
const CONFIG = 'var/lib/kubelet/config.yaml';
const INSTANCE = 'var/lib/kubelet/instance-config.yaml';
const GUARD: EarlierStep = { spec: { kind: 'kubelet', name: 'g', timeoutMs: 60_000, version: '1.33.5', action: 'guard', looks: 6, lookIntervalMs: 2000 }, folder: '/nowhere' };

let lab: KubeadmLab;
let cri: MemoryCri;
let docker: DockerLook | null;
beforeEach(() => {
  lab = new KubeadmLab();
  cri = new MemoryCri();
  docker = { liveRestore: false, running: [{ name: 'k8s_web', isKubernetes: true, restarts: false }, { name: 'registry', isKubernetes: false, restarts: true }] };
  lab.answers.set('kubelet --version', { stdout: 'Kubernetes v1.33.5\n' });
  lab.write(FLAGS, `KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=${DOCKER} --pod-infra-container-image=r/pause:3.9"\n`, 0o644);
  lab.annotations.set(SOCKET, DOCKER);
});
afterEach(() => lab.end());

const step = () => kubeletRuntimeStep({ units: lab.units, clock: lab.clock, annotations: lab.nodeAnnotations, criAt: () => cri, docker: { look: async () => docker }, run: lab.run, files: hostFiles(lab.root), places: lab.places });
const spec = (action: KubeletRuntimeSpec['action'] = 'set'): KubeletRuntimeSpec => ({ kind: 'kubelet_runtime', name: 'r', timeoutMs: 60_000, endpoint: CONTAINERD, runtime: 'containerd', action });
const context = () => lab.context({ earlier: [GUARD] });
const codeOf = (result: { readonly ok: boolean; readonly state?: string; readonly outcome?: { readonly code: string } }): string => (result.ok ? (result.state ?? 'ok') : (result.outcome?.code ?? ''));
const check = async (): Promise<string> => codeOf(await step().check(spec(), context()));

async function captured(action: KubeletRuntimeSpec['action'] = 'set'): Promise<KubeletRuntimePrior> {
  const result = await step().capture(spec(action), context());
  if (!result.ok) throw new Error(result.outcome.message);
  return JSON.parse(JSON.stringify(result.prior)) as KubeletRuntimePrior;
}

/** There with both steps of it, as they stand in a sequence, and what was there before. */
async function there(): Promise<{ readonly before: readonly string[]; readonly guard: KubeletRuntimePrior; readonly set: KubeletRuntimePrior }> {
  const before = lab.files();
  const [guard, set] = [await captured('guard'), await captured()];
  expect(codeOf(await step().apply(spec('guard'), guard, context()))).toBe('ok');
  expect(codeOf(await step().apply(spec(), set, context()))).toBe('ok');
  return { before, guard, set };
}

/** A node that kubeadm 1.34 made or upgraded. */
function makeFileForm(): void {
  lab.answers.set('kubelet --version', { stdout: 'Kubernetes v1.34.2\n' });
  lab.write(FLAGS, 'KUBELET_KUBEADM_ARGS="--pod-infra-container-image=r/pause:3.9"\n', 0o644);
  lab.write(CONFIG, `${kubeletConfigText}containerRuntimeEndpoint: ${DOCKER} # by kubeadm\n`, 0o644);
  lab.write(INSTANCE, `containerRuntimeEndpoint: "${DOCKER}"\n`, 0o600);
  lab.annotations.clear();
}

describe('up to 1.33: a flag and an annotation', () => {
  test('both are set, the kubelet is stopped before its files change, and nothing else is touched', async () => {
    expect(await check()).toBe('needed');
    const { before, set } = await there();
    expect(lab.read(FLAGS)).toBe(`KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=${CONTAINERD} --pod-infra-container-image=r/pause:3.9"\n`);
    expect(lab.files()).toEqual(before.map((line) => line.replace(DOCKER, CONTAINERD)));
    expect(lab.did.filter((one) => !one.startsWith('kubelet'))).toEqual([`annotate ${SOCKET}=${CONTAINERD}`, 'stop kubelet.service']);
    expect(codeOf(await step().verify(spec(), set, context()))).toBe('ok');
    expect(await check()).toBe('satisfied');
  });

  test('a socket that the configuration names beside the flag is kept consistent, an empty one stays', async () => {
    lab.write(CONFIG, `${kubeletConfigText}containerRuntimeEndpoint: ""\n`, 0o644);
    await there();
    expect(lab.read(CONFIG)).toContain('containerRuntimeEndpoint: ""\n');
    lab.write(CONFIG, `${kubeletConfigText}containerRuntimeEndpoint: ${DOCKER}\n`, 0o644);
    await there();
    expect(lab.read(CONFIG)).toBe(`${kubeletConfigText}containerRuntimeEndpoint: ${CONTAINERD}\n`);
  });

  test('a node without the annotation gets it, and loses it on the way back', async () => {
    lab.annotations.clear();
    const { guard } = await there();
    expect(lab.annotations.get(SOCKET)).toBe(CONTAINERD);
    expect(codeOf(await step().revert(spec('guard'), guard, context()))).toBe('ok');
    expect(lab.annotations.has(SOCKET)).toBe(false);
  });
});

describe('from 1.34: instance-config.yaml, and config.yaml that is made of it', () => {
  beforeEach(makeFileForm);

  test('both are set with their comments and modes, and no annotation is made anew', async () => {
    const { before, set } = await there();
    expect(lab.read(CONFIG)).toBe(`${kubeletConfigText}containerRuntimeEndpoint: ${CONTAINERD} # by kubeadm\n`);
    expect(lab.read(INSTANCE)).toBe(`containerRuntimeEndpoint: "${CONTAINERD}"\n`);
    expect(lab.files()).toEqual(before.map((line) => line.replace(DOCKER, CONTAINERD)));
    expect(lab.annotations.size).toBe(0);
    expect(codeOf(await step().verify(spec(), set, context()))).toBe('ok');
  });

  test('what was left over of the older form is not left to lie', async () => {
    lab.write(FLAGS, `KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=${DOCKER}"\n`, 0o644);
    lab.annotations.set(SOCKET, DOCKER);
    await there();
    expect(lab.read(FLAGS)).toBe(`KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=${CONTAINERD}"\n`);
    expect(lab.annotations.get(SOCKET)).toBe(CONTAINERD);
  });

  test('a node that kubeadm has not upgraded yet still has the older form', async () => {
    rmSync(join(lab.root, INSTANCE));
    lab.write(CONFIG, kubeletConfigText, 0o644);
    lab.write(FLAGS, `KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=${DOCKER}"\n`, 0o644);
    const { before } = await there();
    expect(lab.files()).toEqual(before.map((line) => line.replace(DOCKER, CONTAINERD)));
    expect(lab.annotations.get(SOCKET)).toBe(CONTAINERD);
  });

  test('one that names it nowhere gets the file as kubeadm writes it, and loses it on the way back', async () => {
    rmSync(join(lab.root, INSTANCE));
    lab.write(CONFIG, kubeletConfigText, 0o644);
    const { before, set } = await there();
    expect(lab.read(INSTANCE)).toBe(`containerRuntimeEndpoint: "${CONTAINERD}"\n`);
    expect(statSync(join(lab.root, INSTANCE)).mode & 0o7777).toBe(0o644);
    expect(codeOf(await step().revert(spec(), set, context()))).toBe('ok');
    expect(lab.files()).toEqual(before);
  });
});

describe('going back', () => {
  test.each<[string, () => void]>([['the older form', () => undefined], ['the newer form', makeFileForm]])('%s: every byte, mode and owner, with the kubelet down; once', async (_name, make) => {
    make();
    const { before, set } = await there();
    // Somebody started it meanwhile.
    lab.unit = { ...lab.unit!, activeState: 'active', mainPid: 9 };
    lab.did.length = 0;
    expect(codeOf(await step().revert(spec(), set, context()))).toBe('ok');
    expect(lab.files()).toEqual(before);
    expect(lab.did).toEqual(['stop kubelet.service']);
    expect(codeOf(await step().revert(spec(), set, context()))).toBe('ok');
    expect(lab.did).toEqual(['stop kubelet.service']);
  });

  test('cut off before the first file got its name, nothing of it stays and the kubelet goes on', async () => {
    const before = lab.files();
    const set = await captured();
    lab.write('var/lib/kubelet/.kubeadm-flags.env.farrier-new', 'half of it');
    lab.did.length = 0;
    expect(codeOf(await step().revert(spec(), set, context()))).toBe('ok');
    expect([lab.files(), lab.did]).toEqual([before, []]);
  });

  test.each<[string, () => void]>([
    ['the annotation', () => undefined],
    ['the end of the kubelet', () => { lab.unit = { ...lab.unit!, activeState: 'inactive', mainPid: 0 }; }],
    ['the first file', () => lab.write(CONFIG, lab.read(CONFIG).replace(DOCKER, CONTAINERD), 0o644)],
    ['the second file', () => {
      lab.write(CONFIG, lab.read(CONFIG).replace(DOCKER, CONTAINERD), 0o644);
      lab.write(INSTANCE, lab.read(INSTANCE).replace(DOCKER, CONTAINERD), 0o600);
    }],
  ])('cut off after %s it goes on, or back, as if it had not been', async (_name, doPart) => {
    makeFileForm();
    lab.annotations.set(SOCKET, DOCKER);
    const before = lab.files();
    const [guard, set] = [await captured('guard'), await captured()];
    const cutOff = (): void => {
      lab.annotations.set(SOCKET, CONTAINERD);
      doPart();
    };
    cutOff();
    expect(codeOf(await step().revert(spec(), set, context()))).toBe('ok');
    expect(codeOf(await step().revert(spec('guard'), guard, context()))).toBe('ok');
    expect([lab.files(), lab.annotations.get(SOCKET)]).toEqual([before, DOCKER]);
    cutOff();
    expect(codeOf(await step().apply(spec(), set, context()))).toBe('ok');
    expect(codeOf(await step().verify(spec(), set, context()))).toBe('ok');
    expect(lab.files()).toEqual(before.map((line) => line.replace(DOCKER, CONTAINERD)));
  });

  test('pods that the kubelet made in the new runtime go before the old ones come back, and no others', async () => {
    const pod = (uid: string) => ({ name: 'pod', uid, label: { key: 'a', value: 'b' }, handler: '', image: 'i', annotations: {}, logFolder: '/nowhere' });
    cri.pods.push(pod('before'));
    const { set } = await there();
    cri.pods.push(pod('of-the-kubelet'));
    lab.unit = { ...lab.unit!, activeState: 'active', mainPid: 9 };
    lab.did.length = 0;
    const removePod = cri.removePod.bind(cri);
    cri.removePod = async (id, signal) => (lab.did.push(`remove ${id}`), removePod(id, signal));
    expect(codeOf(await step().revert(spec(), set, context()))).toBe('ok');
    expect(lab.did).toEqual(['stop kubelet.service', 'remove pod-of-the-kubelet']);
    expect(cri.pods.map(({ uid }) => uid)).toEqual(['before']);
  });

  test('a runtime that is down holds nothing up, and one that keeps its pods is told', async () => {
    const { before, set } = await there();
    cri.silent = 'nobody answers';
    expect(codeOf(await step().revert(spec(), set, context()))).toBe('ok');
    expect(lab.files()).toEqual(before);
    cri.silent = '';
    const again = await there();
    cri.pods.push({ name: 'p', uid: '1', label: { key: 'a', value: 'b' }, handler: '', image: 'i', annotations: {}, logFolder: '/nowhere' });
    cri.removePod = async () => 'device or resource busy';
    expect(codeOf(await step().revert(spec(), again.set, context()))).toBe('revert-failed');
  });

  test('the annotation waits for the API server, which comes up with the kubelet', async () => {
    const { guard } = await there();
    lab.annotationsSilent = 'connect ECONNREFUSED';
    lab.onSleep = () => { if (lab.nowMs > 1_020_000) lab.annotationsSilent = ''; };
    expect(codeOf(await step().revert(spec('guard'), guard, context()))).toBe('ok');
    expect(lab.annotations.get(SOCKET)).toBe(DOCKER);
  });

  test('an API server that never answers is told, with what a person has to do', async () => {
    const { guard } = await there();
    lab.annotationsSilent = 'connect ECONNREFUSED';
    expect(await step().revert(spec('guard'), guard, context())).toMatchObject({ outcome: { code: 'revert-failed', message: expect.stringMatching(/kubectl annotate --overwrite node NODE .*=unix:\/\/\/run\/cri-dockerd\.sock/) } });
  });

  test('a copy that is damaged is told', async () => {
    const { set } = await there();
    const [copy] = set.copies.flatMap((one) => (one.kind === 'file' ? [one] : []));
    lab.write(`step/copies/${copy!.sha256}`, 'damaged');
    expect(codeOf(await step().canRevert(spec(), set, context()))).toBe('prior-unavailable');
  });
});

describe('what is left to a person is refused while it is staged, and nothing is touched', () => {
  test.each<[string, string, () => void]>([
    ['no node of kubeadm', 'role-mismatch', () => rmSync(join(lab.root, 'etc/kubernetes/kubelet.conf'))],
    ['no kubelet', 'unit-not-found', () => { lab.unit = null; }],
    ['no configuration', 'config-unreadable', () => rmSync(join(lab.root, CONFIG))],
    ['an instance configuration that is none', 'config-unreadable', () => lab.write(INSTANCE, 'just text')],
    ['flags that cannot be read for sure', 'config-unreadable', () => lab.write(FLAGS, 'KUBELET_KUBEADM_ARGS="--container-runtime-endpoint="\n')],
    ['a runtime that is neither', 'not-allowed', () => lab.write(FLAGS, 'KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=unix:///var/run/crio/crio.sock"\n')],
    ['a flag in another file', 'not-allowed', () => lab.write('etc/default/kubelet', `KUBELET_EXTRA_ARGS=--container-runtime-endpoint=${DOCKER}\n`)],
    ['a flag in a drop-in of the unit', 'not-allowed', () => lab.write('etc/systemd/system/kubelet.service.d/20.conf', `[Service]\nEnvironment="X=--container-runtime-endpoint=${DOCKER}"\n`)],
    ['another configuration file', 'not-allowed', () => lab.write('etc/default/kubelet', 'KUBELET_EXTRA_ARGS=--config=/etc/kubelet.yaml\n')],
    ['images of another runtime', 'not-allowed', () => lab.write(CONFIG, `${kubeletConfigText}imageServiceEndpoint: ${DOCKER}\n`, 0o644)],
    ['images of another runtime by a flag', 'not-allowed', () => lab.write(FLAGS, `KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=${DOCKER} --image-service-endpoint=${DOCKER}"\n`)],
    ['a drop-in of the configuration', 'not-allowed', () => {
      lab.write('etc/default/kubelet', 'KUBELET_EXTRA_ARGS=--config-dir=/etc/kubelet.d\n');
      lab.write('etc/kubelet.d/10.conf', `containerRuntimeEndpoint: ${DOCKER}\n`);
    }],
  ])('%s: %s', async (_name, expected, make) => {
    make();
    const before = lab.files();
    expect(codeOf(await step().stage(spec(), context()))).toBe(expected);
    expect(await check()).toBe(expected);
    expect(lab.files()).toEqual(before);
  });

  test.each<[string, string, () => void]>([
    ['a container that nothing would start again', 'not-allowed', () => { docker = { liveRestore: false, running: [{ name: 'build', isKubernetes: false, restarts: false }] }; }],
    ['containers that outlive Docker', 'not-allowed', () => { docker = { liveRestore: true, running: [] }; }],
    ['no Docker', 'ok', () => { docker = null; }],
  ])('%s: %s', async (_name, expected, make) => {
    make();
    expect(codeOf(await step().stage(spec(), context()))).toBe(expected);
    expect(await check()).toBe(expected.replace('ok', 'needed'));
  });

  test('what of Docker’s ends with it is told; a node that is there already leaves it alone', async () => {
    expect(codeOf(await step().stage(spec(), context()))).toBe('ok');
    expect(lab.output).toContain('registry');
    expect(lab.output).not.toContain('k8s_web');
    await there();
    docker = { liveRestore: true, running: [] };
    expect(codeOf(await step().stage(spec(), context()))).toBe('ok');
    expect(await check()).toBe('satisfied');
  });

  test('a sequence in which nothing would start the kubelet again', async () => {
    expect(codeOf(await step().stage(spec(), lab.context()))).toBe('not-allowed');
  });

  test('the same socket elsewhere, in a comment or right, is nobody’s business', async () => {
    lab.write('etc/default/kubelet', `# --container-runtime-endpoint=${DOCKER}\nKUBELET_EXTRA_ARGS=--container-runtime-endpoint=${CONTAINERD}\n`);
    expect(codeOf(await step().stage(spec(), context()))).toBe('ok');
  });
});

describe('at its turn', () => {
  test.each<[string, string, () => void]>([
    ['a runtime that does not answer', 'runtime-unready', () => { cri.silent = 'nobody answers'; }],
    ['a runtime that is not ready', 'runtime-unready', () => { cri.runtime = { ...cri.runtime, ready: false, why: 'starting' }; }],
    ['another runtime at that socket', 'role-mismatch', () => { cri.runtime = { ...cri.runtime, runtime: 'cri-o' }; }],
    ['another cgroup driver than the kubelet’s', 'not-allowed', () => { cri.runtime = { ...cri.runtime, cgroupDriver: 'systemd' }; }],
    ['the same cgroup driver', 'needed', () => { cri.runtime = { ...cri.runtime, cgroupDriver: 'cgroupfs' }; }],
    ['the same cgroup driver, as kubeadm sets it', 'needed', () => {
      cri.runtime = { ...cri.runtime, cgroupDriver: 'systemd' };
      lab.write(CONFIG, `${kubeletConfigText}cgroupDriver: systemd\n`, 0o644);
    }],
    ['an API server that does not answer', 'api-unreachable', () => { lab.annotationsSilent = 'connect ECONNREFUSED'; }],
  ])('%s: %s', async (_name, expected, make) => {
    make();
    expect(await check()).toBe(expected);
  });

  test('a kubelet that cannot be stopped leaves its files alone', async () => {
    const before = lab.files();
    lab.stopSays = 'Failed to stop kubelet.service';
    expect(codeOf(await step().apply(spec(), await captured(), context()))).not.toBe('ok');
    expect(lab.files()).toEqual(before);
  });

  test.each<[string, () => void]>([
    ['a file that somebody put back', () => lab.write(FLAGS, `KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=${DOCKER}"\n`, 0o644)],
    ['an annotation that somebody put back', () => void lab.annotations.set(SOCKET, DOCKER)],
  ])('verify sees %s', async (_name, change) => {
    const { set } = await there();
    change();
    expect(codeOf(await step().verify(spec(), set, context()))).toBe('verify-failed');
  });
});
