import { parseKubeVersion } from '../version-info.ts';

/** What differs from one minor of kubeadm to the next, as far as it shows on a host (kubernetes/kubernetes, cmd/kubeadm). */
export interface ReleaseFacts {
  /** constants.DefaultEtcdVersion */
  readonly etcd: string;
  readonly coreDns: string;
  /** constants.PauseVersion */
  readonly pause: string;
  /** Feature gate NodeLocalCRISocket: the runtime's socket stands in instance-config.yaml, no more in a flag. */
  readonly isSocketLocal: boolean;
  /** `upgrade` takes --pod-infra-container-image out of kubeadm-flags.env. */
  readonly removesPauseFlag: boolean;
  /** `init` and `join` write that flag. */
  readonly writesPauseFlag: boolean;
  /** A failed preflight check ends with 2 and no `error: `; from 1.34 everything ends with 1 and has it. */
  readonly hasExitCodes: boolean;
  /** The folder of the kubelet's former configuration is named after the time, and not at random. */
  readonly stampsKubeletBackup: boolean;
}

const OLDEST = 33;
const FACTS: readonly ReleaseFacts[] = [
  { etcd: '3.5.24-0', coreDns: 'v1.12.0', pause: '3.10', isSocketLocal: false, removesPauseFlag: false, writesPauseFlag: true, hasExitCodes: true, stampsKubeletBackup: false },
  { etcd: '3.6.5-0', coreDns: 'v1.12.1', pause: '3.10.1', isSocketLocal: true, removesPauseFlag: false, writesPauseFlag: true, hasExitCodes: false, stampsKubeletBackup: false },
  { etcd: '3.6.6-0', coreDns: 'v1.13.1', pause: '3.10.1', isSocketLocal: true, removesPauseFlag: true, writesPauseFlag: false, hasExitCodes: false, stampsKubeletBackup: true },
  { etcd: '3.6.8-0', coreDns: 'v1.14.2', pause: '3.10.1', isSocketLocal: true, removesPauseFlag: false, writesPauseFlag: false, hasExitCodes: false, stampsKubeletBackup: true },
];

/** Of `v1.34.1`: 1.33 to 1.36; older ones count as the oldest and newer ones as the newest. */
export function releaseFacts(version: string): ReleaseFacts {
  const index = Math.min(Math.max(parseKubeVersion(version).minor - OLDEST, 0), FACTS.length - 1);
  const facts = FACTS[index];
  if (facts === undefined) throw new Error(`no facts of ${version}`);
  return facts;
}
