import { KUBEADM_TIMEOUT_MAX_MS, KUBEADM_VERSION_PATTERN, PATCHES_FOLDER_PATTERN, PREFLIGHT_CHECK_PATTERN, PREFLIGHT_CHECKS_MAX } from '../../domain/step-limits.ts';
import type { ImagePullPolicy, KubeadmRole, KubeadmSpec } from '../../domain/steps/kubeadm-spec.ts';
import type { StepCodec } from './step-codec.ts';

const ROLES = {
  'first-control-plane': 'KUBEADM_ROLE_FIRST_CONTROL_PLANE',
  'control-plane': 'KUBEADM_ROLE_CONTROL_PLANE',
  worker: 'KUBEADM_ROLE_WORKER',
} as const satisfies Record<KubeadmRole, string>;

const PULL_POLICIES = {
  Always: 'IMAGE_PULL_POLICY_ALWAYS',
  IfNotPresent: 'IMAGE_PULL_POLICY_IF_NOT_PRESENT',
  Never: 'IMAGE_PULL_POLICY_NEVER',
} as const satisfies Record<ImagePullPolicy, string>;

export const kubeadmCodec: StepCodec<KubeadmSpec> = {
  toWire: ({ role, version, etcdUpgrade, certificateRenewal, imagePullPolicy, patches, ignorePreflightErrors, timeouts }) => ({
    kubeadm: { role: ROLES[role], version, etcdUpgrade, certificateRenewal, imagePullPolicy: PULL_POLICIES[imagePullPolicy], patches, ignorePreflightErrors: [...ignorePreflightErrors], ...timeouts },
  }),

  fromWire(base, { kubeadm: step }, at, check) {
    if (!step) return null;
    const role = keyOf(ROLES, step.role);
    const imagePullPolicy = keyOf(PULL_POLICIES, step.imagePullPolicy);
    check.that(role !== undefined, `${at}.role`, `is ${step.role}, which this version does not know`);
    check.that(imagePullPolicy !== undefined, `${at}.imagePullPolicy`, `is ${step.imagePullPolicy}, which this version does not know`);
    check.text(step.version, `${at}.version`, KUBEADM_VERSION_PATTERN);
    if (step.patches !== '') check.text(step.patches, `${at}.patches`, PATCHES_FOLDER_PATTERN);
    const ignored = step.ignorePreflightErrors;
    check.count(ignored.length, `${at}.ignorePreflightErrors`, { max: PREFLIGHT_CHECKS_MAX });
    for (const [index, name] of ignored.entries()) check.text(name, `${at}.ignorePreflightErrors[${index}]`, PREFLIGHT_CHECK_PATTERN);
    const { upgradeManifestsMs, etcdApiCallMs, kubernetesApiCallMs, controlPlaneHealthCheckMs, kubeletHealthCheckMs } = step;
    const timeouts = { upgradeManifestsMs, etcdApiCallMs, kubernetesApiCallMs, controlPlaneHealthCheckMs, kubeletHealthCheckMs };
    for (const [name, ms] of Object.entries(timeouts)) check.count(ms, `${at}.${name}`, { max: KUBEADM_TIMEOUT_MAX_MS });
    const { version, etcdUpgrade, certificateRenewal, patches } = step;
    return { kind: 'kubeadm', ...base, role: role ?? 'control-plane', version, etcdUpgrade, certificateRenewal, imagePullPolicy: imagePullPolicy ?? 'Never', patches, ignorePreflightErrors: ignored, timeouts };
  },
};

function keyOf<Key extends string>(names: Readonly<Record<Key, string>>, name: unknown): Key | undefined {
  return (Object.keys(names) as Key[]).find((key) => names[key] === name);
}
