import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { KubeletRuntimePrior } from '../../../../agent/steps/kubelet-runtime/kubelet-runtime.ts';
import { kubeletConfigText } from '../../../support/kubeadm-lab.ts';
import { codeOf, CONFIG, CONTAINERD, DOCKER, FLAGS, INSTANCE, KubeletRuntimeLab, runtimeSpec, SOCKET } from '../../../support/kubelet-runtime-lab.ts';

let lab: KubeletRuntimeLab;
beforeEach(() => { lab = new KubeletRuntimeLab(); });
afterEach(() => lab.end());

describe('up to 1.33: a flag and an annotation', () => {
  test('both are set, the kubelet is stopped before its files change, and nothing else is touched', async () => {
    expect(await lab.check()).toBe('needed');
    const { before, set } = await lab.there();
    expect(lab.read(FLAGS)).toBe(`KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=${CONTAINERD} --pod-infra-container-image=r/pause:3.9"\n`);
    expect(lab.files()).toEqual(before.map((line) => line.replace(DOCKER, CONTAINERD)));
    expect(lab.did.filter((one) => !one.startsWith('kubelet'))).toEqual([`annotate ${SOCKET}=${CONTAINERD}`, 'stop kubelet.service']);
    expect(codeOf(await lab.step.verify(runtimeSpec(), set, lab.inSequence()))).toBe('ok');
    expect(await lab.check()).toBe('satisfied');
  });

  test('a socket that the configuration names beside the flag is kept consistent, an empty one stays', async () => {
    lab.write(CONFIG, `${kubeletConfigText}containerRuntimeEndpoint: ""\n`, 0o644);
    await lab.there();
    expect(lab.read(CONFIG)).toContain('containerRuntimeEndpoint: ""\n');
    lab.write(CONFIG, `${kubeletConfigText}containerRuntimeEndpoint: ${DOCKER}\n`, 0o644);
    await lab.there();
    expect(lab.read(CONFIG)).toBe(`${kubeletConfigText}containerRuntimeEndpoint: ${CONTAINERD}\n`);
  });

  test('a node without the annotation gets it, and loses it on the way back', async () => {
    lab.annotations.clear();
    const { guard } = await lab.there();
    expect(lab.annotations.get(SOCKET)).toBe(CONTAINERD);
    expect(codeOf(await lab.step.revert(runtimeSpec('guard'), guard, lab.inSequence()))).toBe('ok');
    expect(lab.annotations.has(SOCKET)).toBe(false);
  });
});

describe('from 1.34: instance-config.yaml, and config.yaml that is made of it', () => {
  beforeEach(() => lab.makeFileForm());

  test('both are set with their comments and modes, and no annotation is made anew', async () => {
    const { before, set } = await lab.there();
    expect(lab.read(CONFIG)).toBe(`${kubeletConfigText}containerRuntimeEndpoint: ${CONTAINERD} # by kubeadm\n`);
    expect(lab.read(INSTANCE)).toBe(`containerRuntimeEndpoint: "${CONTAINERD}"\n`);
    expect(lab.files()).toEqual(before.map((line) => line.replace(DOCKER, CONTAINERD)));
    expect(lab.annotations.size).toBe(0);
    expect(codeOf(await lab.step.verify(runtimeSpec(), set, lab.inSequence()))).toBe('ok');
  });

  test('what was left over of the older form is not left to lie', async () => {
    lab.write(FLAGS, `KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=${DOCKER}"\n`, 0o644);
    lab.annotations.set(SOCKET, DOCKER);
    await lab.there();
    expect(lab.read(FLAGS)).toBe(`KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=${CONTAINERD}"\n`);
    expect(lab.annotations.get(SOCKET)).toBe(CONTAINERD);
  });

  test('a node that kubeadm has not upgraded yet still has the older form', async () => {
    rmSync(join(lab.root, INSTANCE));
    lab.write(CONFIG, kubeletConfigText, 0o644);
    lab.write(FLAGS, `KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=${DOCKER}"\n`, 0o644);
    const { before } = await lab.there();
    expect(lab.files()).toEqual(before.map((line) => line.replace(DOCKER, CONTAINERD)));
    expect(lab.annotations.get(SOCKET)).toBe(CONTAINERD);
  });

  test('one that names it nowhere gets the file as kubeadm writes it, and loses it on the way back', async () => {
    rmSync(join(lab.root, INSTANCE));
    lab.write(CONFIG, kubeletConfigText, 0o644);
    const { before, set } = await lab.there();
    expect(lab.read(INSTANCE)).toBe(`containerRuntimeEndpoint: "${CONTAINERD}"\n`);
    expect(statSync(join(lab.root, INSTANCE)).mode & 0o7777).toBe(0o644);
    expect(codeOf(await lab.step.revert(runtimeSpec(), set, lab.inSequence()))).toBe('ok');
    expect(lab.files()).toEqual(before);
  });
});

describe('going back', () => {
  test.each<[string, () => void]>([['the older form', () => undefined], ['the newer form', () => lab.makeFileForm()]])('%s: every byte, mode and owner, with the kubelet down; once', async (_name, make) => {
    make();
    const { before, set } = await lab.there();
    // Somebody started it meanwhile.
    lab.unit = { ...lab.unit!, activeState: 'active', mainPid: 9 };
    lab.did.length = 0;
    expect(codeOf(await lab.step.revert(runtimeSpec(), set, lab.inSequence()))).toBe('ok');
    expect(lab.files()).toEqual(before);
    expect(lab.did).toEqual(['stop kubelet.service']);
    expect(codeOf(await lab.step.revert(runtimeSpec(), set, lab.inSequence()))).toBe('ok');
    expect(lab.did).toEqual(['stop kubelet.service']);
  });

  test('cut off before the first file got its name, nothing of it stays and the kubelet goes on', async () => {
    const before = lab.files();
    const set = await lab.captured();
    lab.write('var/lib/kubelet/.kubeadm-flags.env.farrier-new', 'half of it');
    lab.did.length = 0;
    expect(codeOf(await lab.step.revert(runtimeSpec(), set, lab.inSequence()))).toBe('ok');
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
    lab.makeFileForm();
    lab.annotations.set(SOCKET, DOCKER);
    const before = lab.files();
    const [guard, set] = [await lab.captured('guard'), await lab.captured()];
    const cutOff = (): void => {
      lab.annotations.set(SOCKET, CONTAINERD);
      doPart();
    };
    cutOff();
    expect(codeOf(await lab.step.revert(runtimeSpec(), set, lab.inSequence()))).toBe('ok');
    expect(codeOf(await lab.step.revert(runtimeSpec('guard'), guard, lab.inSequence()))).toBe('ok');
    expect([lab.files(), lab.annotations.get(SOCKET)]).toEqual([before, DOCKER]);
    cutOff();
    expect(codeOf(await lab.step.apply(runtimeSpec(), set, lab.inSequence()))).toBe('ok');
    expect(codeOf(await lab.step.verify(runtimeSpec(), set, lab.inSequence()))).toBe('ok');
    expect(lab.files()).toEqual(before.map((line) => line.replace(DOCKER, CONTAINERD)));
  });

  test('pods that the kubelet made in the new runtime go before the old ones come back, and no others', async () => {
    const pod = (uid: string) => ({ name: 'pod', uid, label: { key: 'a', value: 'b' }, handler: '', image: 'i', annotations: {}, logFolder: '/nowhere' });
    lab.cri.pods.push(pod('before'));
    const { set } = await lab.there();
    lab.cri.pods.push(pod('of-the-kubelet'));
    lab.unit = { ...lab.unit!, activeState: 'active', mainPid: 9 };
    lab.did.length = 0;
    const removePod = lab.cri.removePod.bind(lab.cri);
    lab.cri.removePod = async (id, signal) => (lab.did.push(`remove ${id}`), removePod(id, signal));
    expect(codeOf(await lab.step.revert(runtimeSpec(), set, lab.inSequence()))).toBe('ok');
    expect(lab.did).toEqual(['stop kubelet.service', 'remove pod-of-the-kubelet']);
    expect(lab.cri.pods.map(({ uid }) => uid)).toEqual(['before']);
  });

  test('a runtime that is down holds nothing up, and one that keeps its pods is told', async () => {
    const { before, set } = await lab.there();
    lab.cri.silent = 'nobody answers';
    expect(codeOf(await lab.step.revert(runtimeSpec(), set, lab.inSequence()))).toBe('ok');
    expect(lab.files()).toEqual(before);
    lab.cri.silent = '';
    const again = await lab.there();
    lab.cri.pods.push({ name: 'p', uid: '1', label: { key: 'a', value: 'b' }, handler: '', image: 'i', annotations: {}, logFolder: '/nowhere' });
    lab.cri.removePod = async () => 'device or resource busy';
    expect(codeOf(await lab.step.revert(runtimeSpec(), again.set, lab.inSequence()))).toBe('revert-failed');
  });

  test('the annotation waits for the API server, which comes up with the kubelet', async () => {
    const { guard } = await lab.there();
    lab.annotationsSilent = 'connect ECONNREFUSED';
    lab.onSleep = () => { if (lab.nowMs > 1_020_000) lab.annotationsSilent = ''; };
    expect(codeOf(await lab.step.revert(runtimeSpec('guard'), guard, lab.inSequence()))).toBe('ok');
    expect(lab.annotations.get(SOCKET)).toBe(DOCKER);
  });

  test('an API server that never answers is told, with what a person has to do', async () => {
    const { guard } = await lab.there();
    lab.annotationsSilent = 'connect ECONNREFUSED';
    expect(await lab.step.revert(runtimeSpec('guard'), guard, lab.inSequence())).toMatchObject({ outcome: { code: 'revert-failed', message: expect.stringMatching(/kubectl annotate --overwrite node NODE .*=unix:\/\/\/run\/cri-dockerd\.sock/) } });
  });

  test('a copy that is damaged is told', async () => {
    const { set } = await lab.there();
    const [copy] = set.copies.flatMap((one) => (one.kind === 'file' ? [one] : []));
    lab.write(`step/copies/${copy!.sha256}`, 'damaged');
    expect(codeOf(await lab.step.canRevert(runtimeSpec(), set, lab.inSequence()))).toBe('prior-unavailable');
  });
});

describe('what a person changed since', () => {
  const revert = async (set: KubeletRuntimePrior): Promise<string> => codeOf(await lab.step.revert(runtimeSpec(), set, lab.inSequence()));

  test('in a file that the step wrote is kept for them, and the file comes back as it was', async () => {
    const { before, set } = await lab.there();
    const theirs = lab.read(FLAGS).replace('"\n', ' --v=4"\n');
    lab.write(FLAGS, theirs, 0o644);
    for (const _ of ['once', 'twice']) {
      expect(await revert(set)).toBe('ok');
      expect(lab.files()).toEqual(before);
      expect(lab.read('step/changed-kubeadm-flags.env')).toBe(theirs);
    }
    expect(lab.output).toContain('changed-kubeadm-flags.env');
  });

  test('in one that it never wrote stays, and is no reason to stop the kubelet', async () => {
    const { set } = await lab.there();
    await revert(set);
    lab.did.length = 0;
    lab.write(CONFIG, `${kubeletConfigText}serializeImagePulls: false\n`, 0o644);
    expect(await revert(set)).toBe('ok');
    expect(lab.read(CONFIG)).toBe(`${kubeletConfigText}serializeImagePulls: false\n`);
    expect(lab.did).toEqual([]);
  });

  test('all comes back where an apply wrote and nobody remembers what', async () => {
    const { before, set } = await lab.there();
    rmSync(join(lab.folder, 'written.json'));
    expect(await revert(set)).toBe('ok');
    expect(lab.files()).toEqual(before);
  });

  test('is nothing where nobody was there: no file is kept', async () => {
    const { set } = await lab.there();
    await revert(set);
    expect(readdirSync(lab.folder).filter((name) => name.startsWith('changed'))).toEqual([]);
  });
});
