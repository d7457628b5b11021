import { expect, test } from 'vitest';

import { preflighted } from '../../../agent/steps/preflighted.ts';
import { STEP_OK, type StepExecutor } from '../../../agent/steps/step.ts';
import type { HostFacts } from '../../../shared/domain/host-facts.ts';
import type { StepSpec } from '../../../shared/domain/step-spec.ts';
import type { KubeadmSpec, KubeletSpec } from '../../../shared/domain/steps/kubeadm-spec.ts';
import { WORKER } from '../../support/example-facts.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { stepContext } from '../../support/step-context.ts';

const KUBELET: KubeletSpec = { kind: 'kubelet', name: 'kubelet', timeoutMs: 60_000, version: '1.35.1', action: 'restart', looks: 3, lookIntervalMs: 1_000 };
const KUBEADM: KubeadmSpec = {
  kind: 'kubeadm', name: 'kubeadm', timeoutMs: 60_000, role: 'worker', version: '1.35.1', etcdUpgrade: true, certificateRenewal: true, imagePullPolicy: 'IfNotPresent', patches: '', ignorePreflightErrors: [],
  timeouts: { upgradeManifestsMs: 0, etcdApiCallMs: 0, kubernetesApiCallMs: 0, controlPlaneHealthCheckMs: 0, kubeletHealthCheckMs: 0 },
};
const CONTAINERD: StepSpec = { kind: 'packages', name: 'packages', timeoutMs: 60_000, install: [{ name: 'containerd', version: '2.2.1-1' }], sources: [], conffiles: 'keep' };
const FLAGGED: HostFacts = { ...WORKER, kubernetes: { ...WORKER.kubernetes, podInfraImageFlagIn: ['/var/lib/kubelet/kubeadm-flags.env'] } };

async function stage(spec: StepSpec, facts: HostFacts, earlier: readonly StepSpec[] = []) {
  const staged: string[] = [];
  const printed: string[] = [];
  let readings = 0;
  const executor = { kind: spec.kind, stage: async () => (staged.push(spec.name), STEP_OK) } as unknown as StepExecutor<StepSpec>;
  const readFacts = async (): Promise<HostFacts> => ((readings += 1), facts);
  const context = stepContext({ output: (text) => void printed.push(text), earlier: earlier.map((each) => ({ spec: each, folder: '/nowhere' })) });
  const result = await preflighted(executor, { readFacts, clock: manualClock() }).stage(spec, context);
  return { result, staged, printed: printed.join(''), readings };
}

test('a step is staged on a host that nothing stands in the way of', async () => {
  expect(await stage(KUBELET, WORKER)).toMatchObject({ result: { ok: true }, staged: ['kubelet'], printed: '', readings: 1 });
});

test('where something does, the step is refused with the finding’s code, line and object, and nothing is staged', async () => {
  const line = 'pod-infra-image-flag: /var/lib/kubelet/kubeadm-flags.env gives the kubelet --pod-infra-container-image, which it does not know from 1.35 on and then does not start: take it out there, and out of whatever writes that file';
  expect(await stage(KUBELET, FLAGGED)).toEqual({
    result: { ok: false, outcome: { code: 'preflight-failed', message: line, object: '/var/lib/kubelet/kubeadm-flags.env' } },
    ...{ staged: [], printed: `error ${line}\n`, readings: 1 },
  });
});

test('a warning is printed, and refuses nothing', async () => {
  const soon: HostFacts = { ...WORKER, kubernetes: { ...WORKER.kubernetes, certificates: [{ path: '/etc/kubernetes/pki/ca.crt', notAfterUnixMs: Date.UTC(2026, 0, 3) }] } };
  expect(await stage(KUBEADM, soon)).toMatchObject({ result: { ok: true }, staged: ['kubeadm'], printed: expect.stringMatching(/^warning certificate-expires-soon: /) as string });
});

test('what the steps before it will have done counts', async () => {
  expect(await stage(KUBELET, FLAGGED, [KUBEADM])).toMatchObject({ result: { ok: true } });
  const old: HostFacts = { ...WORKER, runtimes: { ...WORKER.runtimes, containerd: '2.1.9' } };
  const at1_36 = { ...KUBELET, version: '1.36.0' };
  expect(await stage(at1_36, old)).toMatchObject({ result: { ok: false, outcome: { message: expect.stringMatching(/^containerd-too-old: /) as string } } });
  expect(await stage(at1_36, old, [CONTAINERD])).toMatchObject({ result: { ok: true } });
});

test('a step that no rule is about does not even look', async () => {
  expect(await stage({ ...KUBELET, action: 'guard' }, FLAGGED)).toMatchObject({ result: { ok: true }, staged: ['kubelet'], readings: 0 });
});
