import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { kubeletConfigText } from '../../../support/kubeadm-lab.ts';
import { codeOf, CONFIG, CONTAINERD, DOCKER, FLAGS, INSTANCE, KubeletRuntimeLab, runtimeSpec, SOCKET } from '../../../support/kubelet-runtime-lab.ts';

let lab: KubeletRuntimeLab;
beforeEach(() => { lab = new KubeletRuntimeLab(); });
afterEach(() => lab.end());

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
    expect(codeOf(await lab.step.stage(runtimeSpec(), lab.inSequence()))).toBe(expected);
    expect(await lab.check()).toBe(expected);
    expect(lab.files()).toEqual(before);
  });

  test.each<[string, string, () => void]>([
    ['a container that nothing would start again', 'not-allowed', () => { lab.docker = { liveRestore: false, running: [{ name: 'build', isKubernetes: false, restarts: false }] }; }],
    ['containers that outlive Docker', 'not-allowed', () => { lab.docker = { liveRestore: true, running: [] }; }],
    ['no Docker', 'ok', () => { lab.docker = null; }],
  ])('%s: %s', async (_name, expected, make) => {
    make();
    expect(codeOf(await lab.step.stage(runtimeSpec(), lab.inSequence()))).toBe(expected);
    expect(await lab.check()).toBe(expected.replace('ok', 'needed'));
  });

  test('what of Docker’s ends with it is told; a node that is there already leaves it alone', async () => {
    expect(codeOf(await lab.step.stage(runtimeSpec(), lab.inSequence()))).toBe('ok');
    expect(lab.output).toContain('registry');
    expect(lab.output).not.toContain('k8s_web');
    await lab.there();
    lab.docker = { liveRestore: true, running: [] };
    expect(codeOf(await lab.step.stage(runtimeSpec(), lab.inSequence()))).toBe('ok');
    expect(await lab.check()).toBe('satisfied');
  });

  test('a sequence in which nothing would start the kubelet again', async () => {
    expect(codeOf(await lab.step.stage(runtimeSpec(), lab.context()))).toBe('not-allowed');
  });

  test('a script that starts the kubelet may speak of its flags', async () => {
    lab.write('etc/systemd/system/kubelet.service', '[Service]\nExecStart=/usr/local/bin/start-kubelet\n');
    lab.write('usr/local/bin/start-kubelet', '#!/bin/sh\necho "set it by the --config flag or by --container-runtime-endpoint alone"\nexec kubelet\n', 0o755);
    expect(codeOf(await lab.step.stage(runtimeSpec(), lab.inSequence()))).toBe('ok');
    lab.write('usr/local/bin/start-kubelet', `#!/bin/sh\nexec kubelet --container-runtime-endpoint ${DOCKER}\n`, 0o755);
    expect(codeOf(await lab.step.stage(runtimeSpec(), lab.inSequence()))).toBe('not-allowed');
  });

  test('the same socket elsewhere, in a comment or right, is nobody’s business', async () => {
    lab.write('etc/default/kubelet', `# --container-runtime-endpoint=${DOCKER}\nKUBELET_EXTRA_ARGS=--container-runtime-endpoint=${CONTAINERD}\n`);
    expect(codeOf(await lab.step.stage(runtimeSpec(), lab.inSequence()))).toBe('ok');
  });
});

describe('at its turn', () => {
  test.each<[string, string, () => void]>([
    ['a runtime that does not answer', 'runtime-unready', () => { lab.cri.silent = 'nobody answers'; }],
    ['a runtime that is not ready', 'runtime-unready', () => { lab.cri.runtime = { ...lab.cri.runtime, ready: false, why: 'starting' }; }],
    ['another runtime at that socket', 'role-mismatch', () => { lab.cri.runtime = { ...lab.cri.runtime, runtime: 'cri-o' }; }],
    ['another cgroup driver than the kubelet’s', 'not-allowed', () => { lab.cri.runtime = { ...lab.cri.runtime, cgroupDriver: 'systemd' }; }],
    ['the same cgroup driver', 'needed', () => { lab.cri.runtime = { ...lab.cri.runtime, cgroupDriver: 'cgroupfs' }; }],
    ['the same cgroup driver, as kubeadm sets it', 'needed', () => {
      lab.cri.runtime = { ...lab.cri.runtime, cgroupDriver: 'systemd' };
      lab.write(CONFIG, `${kubeletConfigText}cgroupDriver: systemd\n`, 0o644);
    }],
    ['an API server that does not answer', 'api-unreachable', () => { lab.annotationsSilent = 'connect ECONNREFUSED'; }],
  ])('%s: %s', async (_name, expected, make) => {
    make();
    expect(await lab.check()).toBe(expected);
  });

  test('a kubelet that cannot be stopped leaves its files alone', async () => {
    const before = lab.files();
    lab.stopSays = 'Failed to stop kubelet.service';
    expect(codeOf(await lab.step.apply(runtimeSpec(), await lab.captured(), lab.inSequence()))).not.toBe('ok');
    expect(lab.files()).toEqual(before);
  });

  test.each<[string, () => void]>([
    ['a file that somebody put back', () => lab.write(FLAGS, `KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=${DOCKER}"\n`, 0o644)],
    ['an annotation that somebody put back', () => void lab.annotations.set(SOCKET, DOCKER)],
  ])('verify sees %s', async (_name, change) => {
    const { set } = await lab.there();
    change();
    expect(codeOf(await lab.step.verify(runtimeSpec(), set, lab.inSequence()))).toBe('verify-failed');
  });
});
