import type { Host } from '../host.ts';
import { RUNTIME } from './bundle-stand-ins.ts';
import type { KubernetesCluster } from './kubernetes-cluster.ts';

/** Where cri-dockerd listens, which is Kubernetes' door to Docker: https://github.com/Mirantis/cri-dockerd, packaging/systemd */
export const CRI_DOCKERD = 'unix:///run/cri-dockerd.sock';

const UNITS: Readonly<Record<string, string>> = {
  'cri-docker.service': `[Unit]
Description=CRI Interface for Docker Application Container Engine
After=network-online.target docker.service
Wants=network-online.target
Requires=cri-docker.socket

[Service]
ExecStart=${RUNTIME}/cri-dockerd
Restart=always
RestartSec=2

[Install]
WantedBy=multi-user.target
Also=cri-docker.socket
`,
  'cri-docker.socket': `[Unit]
Description=CRI Docker Socket for the API
PartOf=cri-docker.service

[Socket]
ListenStream=%t/cri-dockerd.sock
SocketMode=0660

[Install]
WantedBy=sockets.target
`,
};

/** Makes a node of a cluster on containerd one on Docker, which the host has; by way of the stand-in for cri-dockerd. */
export async function putOnDocker(host: Host, cluster: KubernetesCluster): Promise<void> {
  for (const [name, text] of Object.entries(UNITS)) await host.writeFile(`/etc/systemd/system/${name}`, text);
  await host.mustExec(['systemctl', 'daemon-reload']);
  await host.mustExec(['systemctl', 'enable', '--quiet', '--now', 'cri-docker.socket', 'cri-docker.service']);
  await host.mustExec(['sed', '-i', `s#--container-runtime-endpoint=[^ "]*#--container-runtime-endpoint=${CRI_DOCKERD}#`, '/var/lib/kubelet/kubeadm-flags.env']);
  await cluster.kubectl(['patch', 'node', host.name, '--type=merge', '-p', JSON.stringify({ metadata: { annotations: { 'kubeadm.alpha.kubernetes.io/cri-socket': CRI_DOCKERD } } })]);
  await host.mustExec(['systemctl', 'restart', 'kubelet.service']);
  await cluster.until(60_000, async () => (await cluster.node(host.name)).status.nodeInfo?.['containerRuntimeVersion']?.startsWith('docker://') === true);
}
