import { expect, test } from 'vitest';

import { compileSteps } from '../../../shared/plan/compile-steps.ts';
import type { WrittenStep } from '../../../shared/plan/plan-schema.ts';

function packages(name?: string): WrittenStep {
  return { name, packages: { install: [{ name: 'runc', version: '1.0-1' }], sources: ['s'], conffiles: 'keep', timeout: 1000 } };
}

function restart(unit: string, name?: string): WrittenStep {
  return { name, service: { restart: unit, looks: 3, every: 1000, timeout: 9000 } };
}

function disable(unit: string): WrittenStep {
  return { service: { disable: unit, looks: 3, every: 1000, timeout: 9000 } };
}

function reboot(): WrittenStep {
  return { reboot: { onlyIf: 'required', units: ['a.service'], timeout: 9000 } };
}

function kubeadm(): WrittenStep {
  return { kubeadm: { role: 'worker', version: '1.34.2', etcdUpgrade: true, certificateRenewal: true, imagePullPolicy: 'Never', patches: '', ignorePreflightErrors: [], timeouts: undefined, timeout: 1000 } };
}

function kubelet(): WrittenStep {
  return { kubelet: { version: '1.34.2', looks: 6, every: 2000, timeout: 60_000 } };
}
const hook: WrittenStep = { hook: { name: 'h', args: [], reversible: true, timeout: 1000 } };

test.each<[string, WrittenStep[], string[]]>([
  ['a restart alone needs no guard', [restart('a.service')], ['restart-a.service']],
  ['packages alone have nothing to guard', [packages()], ['packages']],
  ['a restart after packages is guarded', [packages(), restart('a.service')], ['guard-a.service', 'packages', 'restart-a.service']],
  ['a restart before packages is not', [restart('a.service'), packages()], ['restart-a.service', 'packages']],
  ['the guard stands before the first packages', [packages(), packages(), restart('a.service')], ['guard-a.service', 'packages', 'packages-2', 'restart-a.service']],
  ['a restart after what a unit takes over is guarded', [hook, restart('a.service')], ['guard-a.service', 'hook-h', 'restart-a.service']],
  ['a unit has one guard', [packages(), restart('a.service'), packages(), restart('a.service')], ['guard-a.service', 'packages', 'restart-a.service', 'packages-2', 'restart-a.service-2']],
  ['a revert restarts in the order of the plan', [packages(), restart('a.service'), restart('b.service')], ['guard-b.service', 'guard-a.service', 'packages', 'restart-a.service', 'restart-b.service']],
  ['a reboot alone needs no guard', [restart('a.service'), reboot()], ['restart-a.service', 'reboot']],
  ['a reboot after packages is guarded', [reboot(), packages(), reboot()], ['reboot', 'guard-reboot', 'packages', 'reboot-2']],
  ['a revert boots before it restarts', [packages(), restart('a.service'), reboot()], ['guard-a.service', 'guard-reboot', 'packages', 'restart-a.service', 'reboot']],
  ['what is switched off needs no guard: it comes back by itself', [packages(), disable('a.service')], ['packages', 'disable-a.service']],
  ['a reboot after a unit was switched off is guarded', [disable('a.service'), reboot()], ['guard-reboot', 'disable-a.service', 'reboot']],
  ['a given name is kept, and no other step gets it', [packages(), packages('packages'), restart('a.service', 'up')], ['guard-a.service', 'packages-2', 'packages', 'up']],
  ['a node of kubeadm goes back to a kubelet on old packages and files', [packages(), kubeadm(), packages(), kubelet()], ['guard-kubelet', 'packages', 'kubeadm', 'packages-2', 'kubelet']],
  ['the guard stands before kubeadm where no packages change', [kubeadm(), kubelet()], ['guard-kubelet', 'kubeadm', 'kubelet']],
  ['a kubelet alone needs no guard', [kubelet()], ['kubelet']],
  ['a kubelet has one guard', [packages(), kubelet(), kubelet()], ['guard-kubelet', 'packages', 'kubelet', 'kubelet-2']],
])('%s', (_, written, names) => {
  expect(compileSteps(written).map(({ name }) => name)).toEqual(names);
});

test('a guard looks as its restart does', () => {
  const [guard, , proof] = compileSteps([packages(), restart('a.service')]);
  expect(guard).toEqual({ ...proof, name: 'guard-a.service', action: 'guard' });
});

test('a guard proves what its reboot does', () => {
  const [guard, , proof] = compileSteps([packages(), reboot()]);
  expect(guard).toEqual({ ...proof, name: 'guard-reboot', action: 'guard' });
});
