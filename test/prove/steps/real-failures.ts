import type { Host } from '../../fleet/host.ts';
import { faultFile, postinstFaultFile, type StandInFault } from '../../fleet/stand-ins/faults.ts';
import { debVersion } from '../../fleet/stand-ins/kubernetes-debs.ts';
import { K3S_MINOR, K3S_PATCH, KUBEADM_NEW } from './sequences.ts';

/** What really goes wrong in the step, and not only in what is said of it. */
export interface RealFailure {
  readonly title: string;
  readonly step: string;
  /** Names of those that it is played on. */
  readonly tracks: readonly string[];
  /** Files of the host that tell it, by path. */
  readonly files: Readonly<Record<string, string>>;
}

const CONTROL_PLANES = ['first-control-plane', 'control-plane'];
const KUBEADM_NODES = [...CONTROL_PLANES, 'worker'];

const told = (program: string, fault: StandInFault): RealFailure['files'] => ({ [faultFile(program)]: JSON.stringify([fault]) });
const brokenPackage = (name: string): RealFailure['files'] => ({ [postinstFaultFile(name)]: `${debVersion(KUBEADM_NEW)}\n` });
const crash = { how: 'crash', afterMs: 5000 } as const;

export const REAL_FAILURES: readonly RealFailure[] = [
  { title: 'postinst fails', step: 'packages-kubeadm', tracks: KUBEADM_NODES, files: brokenPackage('kubeadm') },
  { title: 'postinst fails', step: 'packages-kubelet', tracks: KUBEADM_NODES, files: brokenPackage('kubelet') },
  { title: 'kubeadm fails', step: 'kubeadm', tracks: ['worker'], files: told('kubeadm', { at: 'kubelet-flags-written', how: 'fail' }) },
  { title: 'kubeadm fails before the first manifest', step: 'kubeadm', tracks: CONTROL_PLANES, files: told('kubeadm', { at: 'etcd-certificates-renewed', how: 'fail' }) },
  { title: 'kubeadm fails past the first manifest', step: 'kubeadm', tracks: CONTROL_PLANES, files: told('kubeadm', { at: 'kube-controller-manager-manifest-moved', how: 'fail' }) },
  { title: 'crashes after 5 s', step: 'kubelet', tracks: KUBEADM_NODES, files: told('kubelet', { at: 'start', ...crash, version: `v${KUBEADM_NEW}` }) },
  { title: 'crashes after 5 s', step: 'k3s-server', tracks: ['k3s-server patch'], files: told('k3s', { at: 'serving', ...crash, version: K3S_PATCH }) },
  { title: 'crashes after 5 s', step: 'k3s-server', tracks: ['k3s-server minor'], files: told('k3s', { at: 'serving', ...crash, version: K3S_MINOR }) },
  { title: 'crashes after 5 s', step: 'k3s-agent', tracks: ['k3s-agent minor'], files: told('k3s', { at: 'joined', ...crash, version: K3S_MINOR }) },
];

/** @param failure null: nothing goes wrong any more. Also on a host that is down. */
export async function tellRealFailure(host: Host, failure: RealFailure | null): Promise<void> {
  const all = REAL_FAILURES.flatMap(({ files }) => Object.keys(files));
  for (const path of new Set(all)) await host.writeFile(path, failure?.files[path] ?? '');
}
