import type { ServiceSpec, StepSpec } from '../domain/step-spec.ts';
import { CONTAINERD_UNIT, type ContainerdSpec } from '../domain/steps/containerd-spec.ts';
import type { KubeletSpec } from '../domain/steps/kubeadm-spec.ts';
import { GUARD_PREFIX } from './cross-check-plan.ts';
import type { WrittenStep } from './plan-schema.ts';
import { compileContainerd } from './steps/containerd-step.ts';
import { compileCriProbe } from './steps/cri-probe-step.ts';
import { compileEtcdDefragment, compileEtcdDisarm } from './steps/etcd-maintenance-steps.ts';
import { compileEtcdUpgrade } from './steps/etcd-upgrade-step.ts';
import { compileFiles } from './steps/files-step.ts';
import { compileHook } from './steps/hook-step.ts';
import { compileImages } from './steps/images-step.ts';
import { compileModules } from './steps/modules-step.ts';
import { compileK3s } from './steps/k3s-step.ts';
import { compileKubeadmCerts } from './steps/kubeadm-certs-step.ts';
import { compileKubeadm } from './steps/kubeadm-step.ts';
import { compileKubeletConfig } from './steps/kubelet-config-step.ts';
import { compileK3sRuntimes } from './steps/k3s-runtimes-step.ts';
import { compileKubeletRuntime } from './steps/kubelet-runtime-step.ts';
import { compileKubelet } from './steps/kubelet-step.ts';
import { compileAgent } from './steps/agent-step.ts';
import { compilePackages } from './steps/packages-step.ts';
import { compileReboot } from './steps/reboot-step.ts';
import { compileService } from './steps/service-step.ts';
import { compileSysctl } from './steps/sysctl-step.ts';

/**
 * Turns the steps of a plan into those of a sequence.
 *
 * A restart that comes after what a unit takes over, as packages, files or kubeadm, gets a guard before the first of those.
 * Steps are reverted last first, so `[guard, packages, restart]` reverts to: nothing for the restart, the old packages,
 * then the guard, which restarts the unit on the old packages and proves that it stays up. Without it the old files
 * would lie on disk while the new program still ran. A unit gets one guard, however often it is restarted; several
 * guards stand in reversed order of their restarts, so that a revert restarts the units in the order that the plan does.
 *
 * A reboot gets a guard right before the first step that changes what a boot comes up with: a revert first boots into
 * the old state, and only there are units restarted and proved.
 *
 * A step that points the kubelet at another runtime has a guard of its own before the kubelet's.
 *
 * Steps without a name are called after what they do, as `packages`, `restart-UNIT` and `kubeadm`, with a number from the
 * second on.
 */
export function compileSteps(written: readonly WrittenStep[]): readonly StepSpec[] {
  const taken = new Set(written.flatMap(({ name }) => (name === undefined ? [] : [name])));
  return withRuntimeGuard(withServiceGuards(withRebootGuard(written.map((step) => compileStep(step, taken)))));
}

function withRebootGuard(steps: readonly StepSpec[]): readonly StepSpec[] {
  const first = steps.findIndex(changesBoot);
  const reboot = first === -1 ? undefined : steps.slice(first).find((step) => step.kind === 'reboot');
  return reboot === undefined ? steps : steps.toSpliced(first, 0, { ...reboot, name: `${GUARD_PREFIX}reboot`, action: 'guard' });
}

function changesBoot(step: StepSpec): boolean {
  if (step.kind === 'service') return step.action === 'disable';
  return step.kind !== 'kubelet' && step.kind !== 'reboot';
}

function withServiceGuards(steps: readonly StepSpec[]): readonly StepSpec[] {
  const firstChange = steps.findIndex(({ kind }) => CHANGES.includes(kind));
  if (firstChange === -1) return steps;
  const restarts = steps.slice(firstChange).filter((step) => step.kind === 'service' || step.kind === 'kubelet' || step.kind === 'containerd').filter(({ action }) => action === 'restart' || action === 'configure');
  const firstOfUnit = restarts.filter((step, index) => restarts.findIndex((other) => unitOf(other) === unitOf(step)) === index);
  const before = steps[firstChange - 1];
  const at = before?.kind === 'reboot' && before.action === 'guard' ? firstChange - 1 : firstChange;
  return steps.toSpliced(at, 0, ...firstOfUnit.map(guard).toReversed());
}

/** Before the kubelet's: going back, it asks the API server, which on a control plane comes up with the kubelet. */
function withRuntimeGuard(steps: readonly StepSpec[]): readonly StepSpec[] {
  const set = steps.find((step) => step.kind === 'kubelet_runtime');
  const at = steps.findIndex((step) => step.kind === 'kubelet' && step.action === 'guard');
  return set === undefined || at === -1 ? steps : steps.toSpliced(at, 0, { ...set, name: `${GUARD_PREFIX}kubelet-runtime`, action: 'guard' });
}

/** Kinds of step that change what a unit takes over, and do not restart it. */
const CHANGES: readonly StepSpec['kind'][] = ['packages', 'files', 'sysctl', 'modules', 'hook', 'kubeadm', 'kubelet_runtime'];

type Restart = ServiceSpec | KubeletSpec | ContainerdSpec;

function unitOf(step: Restart): string {
  if (step.kind === 'containerd') return CONTAINERD_UNIT;
  return step.kind === 'kubelet' ? 'kubelet' : step.unit;
}

function guard(restart: Restart): Restart {
  return { ...restart, name: `${GUARD_PREFIX}${unitOf(restart)}`, action: 'guard' };
}

function compileStep({ name, packages, service, files, sysctl, modules, hook, reboot, kubeadm, kubelet, kubeadmCerts, kubeletConfig, k3s, agent, containerd, images, criProbe, kubeletRuntime, k3sRuntimes, etcdUpgrade, etcdDefragment, etcdDisarm }: WrittenStep, taken: Set<string>): StepSpec {
  const nameIt = (wanted: string): string => name ?? freeName(wanted, taken);
  if (packages !== undefined) return compilePackages(packages, nameIt);
  if (service !== undefined) return compileService(service, nameIt);
  if (files !== undefined) return compileFiles(files, nameIt);
  if (sysctl !== undefined) return compileSysctl(sysctl, nameIt);
  if (modules !== undefined) return compileModules(modules, nameIt);
  if (hook !== undefined) return compileHook(hook, nameIt);
  if (reboot !== undefined) return compileReboot(reboot, nameIt);
  if (kubeadm !== undefined) return compileKubeadm(kubeadm, nameIt);
  if (kubelet !== undefined) return compileKubelet(kubelet, nameIt);
  if (kubeadmCerts !== undefined) return compileKubeadmCerts(kubeadmCerts, nameIt);
  if (kubeletConfig !== undefined) return compileKubeletConfig(kubeletConfig, nameIt);
  if (k3s !== undefined) return compileK3s(k3s, nameIt);
  if (agent !== undefined) return compileAgent(agent, nameIt);
  if (images !== undefined) return compileImages(images, nameIt);
  if (criProbe !== undefined) return compileCriProbe(criProbe, nameIt);
  if (k3sRuntimes !== undefined) return compileK3sRuntimes(k3sRuntimes, nameIt);
  if (kubeletRuntime !== undefined) return compileKubeletRuntime(kubeletRuntime, nameIt);
  if (etcdUpgrade !== undefined) return compileEtcdUpgrade(etcdUpgrade, nameIt);
  if (etcdDefragment !== undefined) return compileEtcdDefragment(etcdDefragment, nameIt);
  if (etcdDisarm !== undefined) return compileEtcdDisarm(etcdDisarm, nameIt);
  if (containerd !== undefined) return compileContainerd(containerd, nameIt);
  throw new Error('a step without a kind passed the cross-check');
}

function freeName(wanted: string, taken: Set<string>): string {
  let name = wanted;
  for (let number = 2; taken.has(name); number += 1) name = `${wanted}-${number}`;
  taken.add(name);
  return name;
}
