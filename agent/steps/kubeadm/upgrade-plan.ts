import type { ConfigVersion } from '../../../shared/preflight/rules/manual-upgrade-required.ts';

/** What `kubeadm upgrade plan VERSION -o json` says, as far as it is asked. */
export interface UpgradePlan {
  /** Components that are not at the target yet, but for kubelets and kubeadm itself. */
  readonly outstanding: readonly string[];
  readonly configVersions: readonly ConfigVersion[];
}

interface PlanOutput {
  readonly kind?: string;
  readonly availableUpgrades?: readonly { readonly components?: readonly { readonly name?: string; readonly currentVersion?: string; readonly newVersion?: string }[] }[] | null;
  readonly configVersions?: readonly Partial<ConfigVersion>[] | null;
}

/** Of every node, and for a later step. */
const NOT_OURS = ['kubelet', 'kubeadm'];

/**
 * UpgradePlan of output.kubeadm.k8s.io/v1alpha3; what stands before the object is noise. Where no API server is older than the
 * version kubeadm ends well and says nothing at all. @returns null where it is none.
 */
export function parseUpgradePlan(stdout: string, etcdUpgrade: boolean): UpgradePlan | null {
  if (stdout.trim() === '') return { outstanding: [], configVersions: [] };
  const output = parseObject(stdout) as PlanOutput | null;
  if (output?.kind !== 'UpgradePlan') return null;
  const components = (output.availableUpgrades ?? []).flatMap((upgrade) => upgrade.components ?? []);
  const outstanding = components.filter(({ name = '', currentVersion, newVersion }) => !NOT_OURS.includes(name) && (etcdUpgrade || name !== 'etcd') && currentVersion !== newVersion);
  return {
    outstanding: [...new Set(outstanding.map(({ name = '' }) => name))],
    configVersions: (output.configVersions ?? []).map(({ group = '', currentVersion = '', preferredVersion = '', manualUpgradeRequired = false }) => ({ group, currentVersion, preferredVersion, manualUpgradeRequired })),
  };
}

/** The JSON object in a program's output, from its first brace on. */
export function parseObject(stdout: string): unknown {
  const start = stdout.indexOf('{');
  if (start === -1) return null;
  try {
    return JSON.parse(stdout.slice(start)) as unknown;
  } catch {
    return null;
  }
}
