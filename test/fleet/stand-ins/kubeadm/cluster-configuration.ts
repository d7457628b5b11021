import { stringify } from 'yaml';

import { releaseFacts } from './release-facts.ts';

/** What kubeadm keeps in the ConfigMap kubeadm-config, with every default that it writes out. */
export function clusterConfiguration(kubernetesVersion: string): Readonly<Record<string, unknown>> {
  return {
    apiServer: {},
    apiVersion: 'kubeadm.k8s.io/v1beta4',
    caCertificateValidityPeriod: '87600h0m0s',
    certificateValidityPeriod: '8760h0m0s',
    certificatesDir: '/etc/kubernetes/pki',
    clusterName: 'kubernetes',
    controlPlaneEndpoint: 'cluster-endpoint:6443',
    controllerManager: {},
    dns: {},
    encryptionAlgorithm: 'ECDSA-P256',
    etcd: { local: { dataDir: '/var/lib/etcd' } },
    imageRepository: 'registry.k8s.io',
    kind: 'ClusterConfiguration',
    kubernetesVersion,
    networking: { dnsDomain: 'cluster.local', serviceSubnet: '10.96.0.0/12' },
    proxy: {},
    scheduler: {},
  };
}

/** What kubeadm keeps in the ConfigMap kubelet-config and writes to /var/lib/kubelet/config.yaml. */
export function kubeletConfiguration(more: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    authentication: { anonymous: { enabled: false }, webhook: { cacheTTL: '0s', enabled: true }, x509: { clientCAFile: '/etc/kubernetes/pki/ca.crt' } },
    authorization: { mode: 'Webhook', webhook: { cacheAuthorizedTTL: '0s', cacheUnauthorizedTTL: '0s' } },
    cgroupDriver: 'systemd',
    clusterDNS: ['10.96.0.10'],
    clusterDomain: 'cluster.local',
    containerRuntimeEndpoint: '',
    healthzBindAddress: '127.0.0.1',
    healthzPort: 10248,
    kind: 'KubeletConfiguration',
    rotateCertificates: true,
    staticPodPath: '/etc/kubernetes/manifests',
    // kubeadm writes out what is zero, too.
    ...Object.fromEntries(ZERO_DURATIONS.map((name) => [name, '0s'])),
    crashLoopBackOff: {},
    logging: { flushFrequency: 0, options: { json: { infoBufferSize: '0' }, text: { infoBufferSize: '0' } }, verbosity: 0 },
    memorySwap: {},
    ...more,
  };
}

const ZERO_DURATIONS = [
  'cpuManagerReconcilePeriod', 'evictionPressureTransitionPeriod', 'fileCheckFrequency', 'httpCheckFrequency', 'imageMaximumGCAge', 'imageMinimumGCAge', 'nodeStatusReportFrequency', 'nodeStatusUpdateFrequency',
  'runtimeRequestTimeout', 'shutdownGracePeriod', 'shutdownGracePeriodCriticalPods', 'streamingConnectionIdleTimeout', 'syncFrequency', 'volumeStatsAggPeriod',
];

/** YAML as sigs.k8s.io/yaml writes it: keys sorted, lists not indented. */
export function formatKubeYaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, indentSeq: false, sortMapEntries: true });
}

/** instance-config.yaml: nothing but the runtime's socket. */
export function instanceConfig(endpoint: string): string {
  return `containerRuntimeEndpoint: ${JSON.stringify(endpoint)}\n`;
}

const SOCKET = 'unix:///run/containerd/containerd.sock';

/** Files of /var/lib/kubelet as `kubeadm join` of this version writes them; `kubelet` is the configuration of all nodes. */
export function kubeletFiles(version: string, kubelet: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const { isSocketLocal, writesPauseFlag, pause } = releaseFacts(version);
  const flags = [...(isSocketLocal ? [] : [`--container-runtime-endpoint=${SOCKET}`]), ...(writesPauseFlag ? [`--pod-infra-container-image=registry.k8s.io/pause:${pause}`] : [])];
  return {
    '/var/lib/kubelet/kubeadm-flags.env': `KUBELET_KUBEADM_ARGS="${flags.join(' ')}"\n`,
    '/var/lib/kubelet/config.yaml': formatKubeYaml(isSocketLocal ? { ...kubelet, containerRuntimeEndpoint: SOCKET } : kubelet),
    ...(isSocketLocal ? { '/var/lib/kubelet/instance-config.yaml': instanceConfig(SOCKET) } : {}),
  };
}

export function configMap(name: string, data: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'kube-system' }, data };
}
