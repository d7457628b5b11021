/** Flags of the kubelet that take a value; `until` is the minor that no longer knows it. */
const VALUE_FLAGS: Readonly<Record<string, { readonly until?: number }>> = {
  ...Object.fromEntries([
    'address', 'bootstrap-kubeconfig', 'cert-dir', 'cgroup-driver', 'cgroup-root', 'client-ca-file', 'cloud-provider', 'cluster-dns', 'cluster-domain', 'config', 'config-dir',
    'container-log-max-files', 'container-log-max-size', 'container-runtime-endpoint', 'eviction-hard', 'feature-gates', 'healthz-bind-address', 'healthz-port', 'hostname-override',
    'image-service-endpoint', 'kube-reserved', 'kubeconfig', 'logging-format', 'max-pods', 'node-ip', 'node-labels', 'pod-cidr', 'pod-manifest-path', 'provider-id', 'read-only-port',
    'register-with-taints', 'resolv-conf', 'root-dir', 'runtime-cgroups', 'system-reserved', 'tls-cert-file', 'tls-private-key-file', 'v', 'vmodule',
  ].map((name) => [name, {}])),
  // Removed in 1.35: https://github.com/kubernetes/kubernetes/pull/133779
  'pod-infra-container-image': { until: 35 },
};
const SWITCHES = ['fail-swap-on', 'help', 'protect-kernel-defaults', 'register-node', 'rotate-certificates', 'rotate-server-certificates', 'seccomp-default', 'version'];

/** Parses as the real kubelet does, which knows `--name=value`, `--name value` and switches. @throws with the words of the real one */
export function parseKubeletFlags(words: readonly string[], minor: number): ReadonlyMap<string, string> {
  const flags = new Map<string, string>();
  for (let index = 0; index < words.length; index += 1) {
    const [, name, value] = /^--?([a-z-]+)(?:=(.*))?$/s.exec(words[index] ?? '') ?? [];
    if (name === undefined) throw new Error(`unknown command ${words[index]}`);
    const known = VALUE_FLAGS[name];
    if (SWITCHES.includes(name)) flags.set(name, value ?? 'true');
    else if (known === undefined || minor >= (known.until ?? Infinity)) throw new Error(`failed to parse kubelet flag: unknown flag: --${name}`);
    else if (value !== undefined) flags.set(name, value);
    else if (index + 1 < words.length) flags.set(name, words[(index += 1)] ?? '');
    else throw new Error(`failed to parse kubelet flag: flag needs an argument: --${name}`);
  }
  return flags;
}
