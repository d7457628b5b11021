import { expect, test } from 'vitest';

import { keepingRuntime } from '../../../agent/steps/keeping-runtime.ts';
import { STEP_OK, type StepExecutor } from '../../../agent/steps/step.ts';
import type { StepSpec } from '../../../shared/domain/step-spec.ts';
import { runtimeSpec } from '../../support/kubelet-runtime-lab.ts';
import { stepContext } from '../../support/step-context.ts';

const DOCKER = 'unix:///run/cri-dockerd.sock';
const CONTAINERD = 'unix:///run/containerd/containerd.sock';
const TO_CONTAINERD = runtimeSpec();
const remove = (...names: readonly string[]): StepSpec => ({ kind: 'packages', name: 'p', timeoutMs: 1, install: [], remove: names, sources: [], conffiles: 'keep' });
const service = (action: 'disable' | 'restart', unit: string): StepSpec => ({ kind: 'service', name: 's', timeoutMs: 1, unit, action, looks: 1, lookIntervalMs: 100 });

/** What staging and the step's own turn say, and how often the host was looked at for it. */
async function told(spec: StepSpec, criSocket: string | null, earlier: readonly StepSpec[] = []) {
  let looks = 0;
  const executor = {
    stage: async () => STEP_OK,
    check: async () => ({ ok: true, state: 'needed' }),
  } as unknown as StepExecutor<StepSpec>;
  const step = keepingRuntime(executor, () => ((looks += 1), criSocket));
  const context = stepContext({ earlier: earlier.map((each) => ({ spec: each, folder: '/nowhere' })) });
  const [staged, checked] = [await step.stage(spec, context), await step.check(spec, context)];
  return { staged, checked, looks };
}

test.each<[StepSpec, string, string]>([
  [remove('docker.io'), DOCKER, 'step p takes docker.io away, and the kubelet runs on unix:///run/cri-dockerd.sock'],
  [remove('htop', 'docker-ce'), DOCKER, 'step p takes docker-ce away, and the kubelet runs on unix:///run/cri-dockerd.sock'],
  [remove('containerd'), '', 'step p takes containerd away, and the kubelet runs on unix:///run/containerd/containerd.sock'],
  [service('disable', 'docker.service'), DOCKER, 'step s takes docker.service away, and the kubelet runs on unix:///run/cri-dockerd.sock'],
])('what a kubelet runs on is left to it, when it is staged and at its turn: %j', async (spec, socket, message) => {
  const refused = { ok: false, outcome: { code: 'not-allowed', message: `runtime-in-use: ${message}; point it at another runtime first, as docker-to-containerd does`, object: 'kubelet.service' } };
  expect(await told(spec, socket)).toEqual({ staged: refused, checked: refused, looks: 2 });
});

test('behind a step that points the kubelet elsewhere it is staged; at its turn the kubelet has to be there', async () => {
  const spec = service('disable', 'docker.service');
  expect(await told(spec, DOCKER, [TO_CONTAINERD])).toMatchObject({ staged: { ok: true }, checked: { ok: false } });
  expect(await told(spec, CONTAINERD, [TO_CONTAINERD])).toMatchObject({ staged: { ok: true }, checked: { ok: true, state: 'needed' } });
  expect(await told(remove('containerd'), DOCKER, [TO_CONTAINERD])).toMatchObject({ staged: { ok: false } });
});

test.each<[string, StepSpec, string | null, number]>([
  ['something else', remove('htop'), CONTAINERD, 2],
  ['Docker beside it', remove('docker.io'), CONTAINERD, 2],
  ['on a host without a kubelet of kubeadm', remove('containerd'), null, 2],
  ['nothing, and the host is not even looked at', service('restart', 'docker.service'), DOCKER, 0],
])('it may take away: %s', async (_, spec, socket, looks) => {
  expect(await told(spec, socket)).toMatchObject({ staged: { ok: true }, checked: { ok: true, state: 'needed' }, looks });
});
