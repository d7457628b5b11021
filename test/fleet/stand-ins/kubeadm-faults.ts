import type { Host } from '../host.ts';
import { RUNTIME } from './bundle-stand-ins.ts';
import type { StandInFault } from './faults.ts';
import { tellStandIn } from './kubernetes-cluster.ts';
import { CONTROL_PLANE_IMAGES } from './real-images.ts';
import { realFolder } from './real-programs.ts';

/** Ends what was made wrong. */
export type Lift = () => Promise<void>;

const ETCD_KEY = '/etc/kubernetes/pki/etcd/ca.key';
const MANIFESTS = '/etc/kubernetes/manifests';

/** The key of etcd's authority cannot be read: kubeadm renews some of the API server's certificates, and fails before it swaps its manifest. */
export async function damageEtcdKey(host: Host): Promise<Lift> {
  const key = await host.readFile(ETCD_KEY);
  await host.writeFile(ETCD_KEY, 'damaged\n', 0o600);
  return () => host.writeFile(ETCD_KEY, key, 0o600);
}

/** The controller manager of a version does not come up, once the API server's manifest was swapped: kubeadm puts both back and fails. */
export async function loseControllerManager(host: Host, version: string): Promise<Lift> {
  if (realFolder() === null) return tell(host, 'kubeadm', { at: 'kube-controller-manager-manifest-moved', how: 'fail' });
  await host.mustExec(['ctr', '--namespace', 'k8s.io', 'images', 'remove', '--sync', `registry.k8s.io/kube-controller-manager:v${version}`]);
  return async () => void (await host.mustExec(['ctr', '--namespace', 'k8s.io', 'images', 'import', `${RUNTIME}/images/v${version}/${CONTROL_PLANE_IMAGES}`]));
}

/** kubeadm dies once, with the API server's old manifest moved away and the new one not moved in. Returns before it does. */
export async function killBetweenRenames(host: Host): Promise<Lift> {
  if (realFolder() === null) return tell(host, 'kubeadm', { at: 'kube-apiserver-manifest-away', how: 'crash', times: 1 });
  // Between its two renames lie microseconds: the second one is undone, while it waits for what that brings.
  return inBackground(host, 'kill-kubeadm', `
before=$(ls -d /etc/kubernetes/tmp/kubeadm-backup-manifests-*)
while sleep 0.1; do
  for folder in /etc/kubernetes/tmp/kubeadm-backup-manifests-*; do
    case "$before" in *"$folder"*) continue;; esac
    [ -e "$folder/kube-apiserver.yaml" ] && [ -e ${MANIFESTS}/kube-apiserver.yaml ] || continue
    kill -9 $(pidof kubeadm) && rm ${MANIFESTS}/kube-apiserver.yaml
    exit
  done
done`);
}

/** A kubelet of this version dies `afterMs` after each of its starts. */
export async function crashKubelet(host: Host, version: string, afterMs: number): Promise<Lift> {
  if (realFolder() === null) return tell(host, 'kubelet', { at: 'start', how: 'crash', version: `v${version}`, afterMs });
  return inBackground(host, 'kill-kubelet', `
last=0
while sleep 0.2; do
  pid=$(systemctl show --property=MainPID --value kubelet.service)
  [ "$pid" != 0 ] && [ "$pid" != "$last" ] || continue
  last=$pid
  [ "$(/proc/$pid/exe --version)" = 'Kubernetes v${version}' ] || continue
  sleep ${afterMs / 1000}
  kill -9 "$pid"
done`);
}

async function tell(host: Host, program: string, fault: StandInFault): Promise<Lift> {
  await tellStandIn(host, program, [fault]);
  return () => tellStandIn(host, program, []);
}

async function inBackground(host: Host, name: string, script: string): Promise<Lift> {
  await host.mustExec(['systemd-run', '--quiet', '--collect', `--unit=${name}`, 'sh', '-c', script]);
  return async () => void (await host.exec(['systemctl', 'stop', `${name}.service`]));
}
