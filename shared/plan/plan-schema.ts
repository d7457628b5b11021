import type { z } from 'zod';

import { STEP_NAME_PATTERN, STEPS_MAX } from '../domain/step-limits.ts';
import { yesOrNo } from './flag-field.ts';
import { duration, share, wholeNumber } from './number-fields.ts';
import { list, section } from './section.ts';
import { EVERY_NODE, selector } from './selector-field.ts';
import { agentUpgradeProcedure } from './procedures/agent-upgrade-procedure.ts';
import { containerdConfigProcedure, containerdUpgradeProcedure } from './procedures/containerd-procedures.ts';
import { dockerToContainerdProcedure } from './procedures/docker-to-containerd-procedure.ts';
import { k3sRuntimesProcedure } from './procedures/k3s-runtimes-procedure.ts';
import { k3sUpgradeProcedure } from './procedures/k3s-upgrade-procedure.ts';
import { kubeadmCertsRenewProcedure } from './procedures/kubeadm-certs-renew-procedure.ts';
import { kubeadmUpgradeProcedure } from './procedures/kubeadm-upgrade-procedure.ts';
import { osRebootProcedure } from './procedures/os-reboot-procedure.ts';
import { packagesProcedure } from './procedures/packages-procedure.ts';
import { wasmProcedure } from './procedures/wasm-procedure.ts';
import { containerdSection } from './steps/containerd-step.ts';
import { criProbeSection } from './steps/cri-probe-step.ts';
import { etcdDefragmentSection, etcdDisarmSection } from './steps/etcd-maintenance-steps.ts';
import { etcdUpgradeSection } from './steps/etcd-upgrade-step.ts';
import { filesSection } from './steps/files-step.ts';
import { hookSection } from './steps/hook-step.ts';
import { imagesSection } from './steps/images-step.ts';
import { k3sSection } from './steps/k3s-step.ts';
import { kubeadmCertsSection } from './steps/kubeadm-certs-step.ts';
import { kubeadmSection } from './steps/kubeadm-step.ts';
import { kubeletConfigSection } from './steps/kubelet-config-step.ts';
import { k3sRuntimesSection } from './steps/k3s-runtimes-step.ts';
import { kubeletRuntimeSection } from './steps/kubelet-runtime-step.ts';
import { kubeletSection } from './steps/kubelet-step.ts';
import { modulesSection } from './steps/modules-step.ts';
import { agentSection } from './steps/agent-step.ts';
import { packagesSection } from './steps/packages-step.ts';
import { rebootSection } from './steps/reboot-step.ts';
import { serviceSection } from './steps/service-step.ts';
import { sysctlSection } from './steps/sysctl-step.ts';
import { choice, exactly, name } from './text-fields.ts';

const PLAN_NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const WAVES_MAX = 100;
const DAY_MS = 86_400_000;

const planName = name(PLAN_NAME, 'a name of at most 63 lower-case letters, digits and "-"');
const stepName = name(STEP_NAME_PATTERN, 'a name of at most 160 letters, digits, spaces and . _ @ : + -');
const stepFields = {
  name: stepName.optional(),
  packages: packagesSection.optional(),
  service: serviceSection.optional(),
  files: filesSection.optional(),
  sysctl: sysctlSection.optional(),
  modules: modulesSection.optional(),
  hook: hookSection.optional(),
  reboot: rebootSection.optional(),
  kubeadm: kubeadmSection.optional(),
  kubelet: kubeletSection.optional(),
  kubeadmCerts: kubeadmCertsSection.optional(),
  kubeletConfig: kubeletConfigSection.optional(),
  k3s: k3sSection.optional(),
  agent: agentSection.optional(),
  containerd: containerdSection.optional(),
  images: imagesSection.optional(),
  criProbe: criProbeSection.optional(),
  kubeletRuntime: kubeletRuntimeSection.optional(),
  k3sRuntimes: k3sRuntimesSection.optional(),
  etcdUpgrade: etcdUpgradeSection.optional(),
  etcdDefragment: etcdDefragmentSection.optional(),
  etcdDisarm: etcdDisarmSection.optional(),
};

const procedureFields = {
  packages: packagesProcedure.optional(),
  'kubeadm-upgrade': kubeadmUpgradeProcedure.optional(),
  'k3s-upgrade': k3sUpgradeProcedure.optional(),
  'os-reboot': osRebootProcedure.optional(),
  'agent-upgrade': agentUpgradeProcedure.optional(),
  'kubeadm-certs-renew': kubeadmCertsRenewProcedure.optional(),
  wasm: wasmProcedure.optional(),
  'containerd-config': containerdConfigProcedure.optional(),
  'containerd-upgrade': containerdUpgradeProcedure.optional(),
  'docker-to-containerd': dockerToContainerdProcedure.optional(),
  'k3s-runtimes': k3sRuntimesProcedure.optional(),
};

/** As a plan writes them. */
export const STEP_KEYS: readonly string[] = Object.keys(stepFields).filter((key) => key !== 'name');
export const PROCEDURE_NAMES: readonly string[] = Object.keys(procedureFields);

const RESTORES = ['stopControlPlane', 'restoreDatastore', 'startDatastore', 'startControlPlane', 'restoreK3s', 'etcd-restore', 'k3s-restore'];
/** DESIGN 3.5: what was written since the snapshot is lost, so that a person has to say so each time. */
const BY_COMMAND_ALONE = Object.fromEntries(RESTORES.map((key) => [key, 'is no part of a plan: a datastore is restored by `farrier snapshot restore` alone, where an admin types back what it loses']));

/** Exactly one of the kinds: checked apart, where the others' mistakes cannot hide it. */
export const stepSection = section(stepFields, home(PROCEDURE_NAMES, 'spec.procedure'), BY_COMMAND_ALONE);
/** Exactly one of the names, checked apart as the steps' kinds are. */
export const procedureSection = section(procedureFields, home(STEP_KEYS, 'spec.steps'), BY_COMMAND_ALONE);

function home(keys: readonly string[], place: string): Readonly<Record<string, string>> {
  return Object.fromEntries(keys.map((key) => [key, place]));
}

const wave = section({
  name: planName,
  select: selector.default(EVERY_NODE),
  most: share().optional(),
  soak: duration({ min: 0, max: 30 * DAY_MS }).default(0),
});

const spec = section({
  select: selector.default(EVERY_NODE),
  waves: list(wave, 'waves', { min: 1, max: WAVES_MAX }).optional(),
  maxUnavailable: share().default({ unit: 'nodes', value: 1 }),
  maxFailures: wholeNumber({ min: 0, max: 1_000_000 }).default(0),
  onFailure: choice(['pause', 'rollback']).default('pause'),
  onSilence: choice(['keep', 'revert']).default('keep'),
  silence: duration({ min: 60_000, max: 7 * DAY_MS }).default(0),
  minDonePercent: wholeNumber({ min: 1, max: 100 }).default(90),
  allowControlPlaneOutage: yesOrNo().default(false),
  drain: choice(['auto', 'always', 'never']).default('auto'),
  drainTimeout: duration({ min: 30_000, max: DAY_MS }).default(10 * 60_000),
  /** One of these two: checked apart. */
  steps: list(stepSection, 'steps', { min: 1, max: STEPS_MAX }).optional(),
  procedure: procedureSection.optional(),
});

export const SPEC_KEYS: readonly string[] = Object.keys(spec.shape);

/** A plan as a person writes it; what no single value shows is in cross-check-plan.ts. */
export const planFile = section(
  {
    apiVersion: exactly('farrier/v1'),
    kind: exactly('Plan', { FleetPolicy: 'a policy is put with `farrier policy set`' }),
    metadata: section({ name: planName }),
    spec,
  },
  home(SPEC_KEYS, 'spec'),
);

export type PlanFile = z.infer<typeof planFile>;
export type WrittenStep = NonNullable<PlanFile['spec']['steps']>[number];
export type WrittenProcedure = NonNullable<PlanFile['spec']['procedure']>;
