import { STEP_NAME_PATTERN, STEP_TIMEOUT_MAX_MS, STEPS_MAX } from '../domain/step-limits.ts';
import type { StepKind, StepSpec } from '../domain/step-spec.ts';
import type { Decoded, DecodeError } from './decoded.ts';
import { decoded, undecodable } from './decoded.ts';
import { FieldCheck } from './field-check.ts';
import type { Step, Step__Output } from './generated/farrier/v1/Step.d.ts';
import { decode, encode, farrier } from './protocol.ts';
import { containerdCodec } from './steps/containerd-codec.ts';
import { criProbeCodec } from './steps/cri-probe-codec.ts';
import { etcdDefragmentCodec, etcdDisarmCodec } from './steps/etcd-maintenance-codecs.ts';
import { etcdUpgradeCodec } from './steps/etcd-upgrade-codec.ts';
import { filesCodec } from './steps/files-codec.ts';
import { hookCodec } from './steps/hook-codec.ts';
import { imagesCodec } from './steps/images-codec.ts';
import { modulesCodec } from './steps/modules-codec.ts';
import { k3sCodec } from './steps/k3s-codec.ts';
import { kubeadmCertsCodec } from './steps/kubeadm-certs-codec.ts';
import { kubeadmCodec } from './steps/kubeadm-codec.ts';
import { kubeletCodec } from './steps/kubelet-codec.ts';
import { kubeletConfigCodec } from './steps/kubelet-config-codec.ts';
import { k3sRuntimesCodec } from './steps/k3s-runtimes-codec.ts';
import { kubeletRuntimeCodec } from './steps/kubelet-runtime-codec.ts';
import { agentUpgradeCodec } from './steps/agent-upgrade-codec.ts';
import { packagesCodec } from './steps/packages-codec.ts';
import { restoreCodecs } from './steps/restore-codecs.ts';
import { rebootCodec } from './steps/reboot-codec.ts';
import { serviceCodec } from './steps/service-codec.ts';
import type { SpecOf, StepCodec } from './steps/step-codec.ts';
import { sysctlCodec } from './steps/sysctl-codec.ts';

/** A kind that cannot be written and read does not compile. */
const CODECS: { readonly [Kind in StepKind]: StepCodec<SpecOf<Kind>> } = {
  packages: packagesCodec,
  service: serviceCodec,
  files: filesCodec,
  sysctl: sysctlCodec,
  modules: modulesCodec,
  hook: hookCodec,
  reboot: rebootCodec,
  kubeadm: kubeadmCodec,
  kubelet: kubeletCodec,
  kubeadm_certs: kubeadmCertsCodec,
  kubelet_config: kubeletConfigCodec,
  k3s: k3sCodec,
  agent_upgrade: agentUpgradeCodec,
  containerd: containerdCodec,
  images: imagesCodec,
  cri_probe: criProbeCodec,
  kubelet_runtime: kubeletRuntimeCodec,
  k3s_runtimes: k3sRuntimesCodec,
  ...restoreCodecs,
  etcd_upgrade: etcdUpgradeCodec,
  etcd_defragment: etcdDefragmentCodec,
  etcd_disarm: etcdDisarmCodec,
};

/**
 * The bytes that an assignment's digest covers. Equal steps give equal bytes: fields go in the order of their
 * numbers, lists in the order given, and every field is written.
 */
export function encodeSequence(steps: readonly StepSpec[]): Buffer {
  return encode(farrier.Sequence, { steps: steps.map(toWire) });
}

/** Strict: what no plan could hold is refused, for these bytes become argument lists on a host. */
export function decodeSequence(bytes: Uint8Array): Decoded<readonly StepSpec[]> {
  let steps: readonly Step__Output[];
  try {
    steps = decode(farrier.Sequence, bytes).steps;
  } catch (cause) {
    return undecodable('malformed', '', `not a sequence of steps: ${String(cause)}`);
  }
  const check = new FieldCheck();
  check.count(steps.length, 'steps', { min: 1, max: STEPS_MAX });
  check.that(new Set(steps.map((step) => step.name)).size === steps.length, 'steps', 'two steps have the same name');
  const specs: StepSpec[] = [];
  for (const [index, step] of steps.entries()) {
    const spec = fromWire(step, `steps[${index}]`, check);
    if (spec === null) return undecodable('unknown-step-kind', `steps[${index}]`, unknownKind(step, index));
    specs.push(spec);
  }
  return check.error === null ? decoded(specs) : { ok: false, error: check.error satisfies DecodeError };
}

function unknownKind(step: Step__Output, index: number): string {
  return `step ${index} (${JSON.stringify(step.name.slice(0, 80))}) is of a kind that this version does not know; upgrade the agent first`;
}

function toWire(step: StepSpec): Step {
  const codec = CODECS[step.kind] as StepCodec<StepSpec>;
  return { name: step.name, timeoutMs: step.timeoutMs, ...codec.toWire(step) };
}

function fromWire(step: Step__Output, at: string, check: FieldCheck): StepSpec | null {
  check.text(step.name, `${at}.name`, STEP_NAME_PATTERN);
  check.count(step.timeoutMs, `${at}.timeoutMs`, { min: 1, max: STEP_TIMEOUT_MAX_MS });
  const base = { name: step.name, timeoutMs: step.timeoutMs };
  for (const codec of Object.values(CODECS)) {
    const spec = codec.fromWire(base, step, at, check);
    if (spec !== null) return spec;
  }
  return null;
}
