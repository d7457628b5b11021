import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';

const VALUE_FLAGS = [
  'bind-address', 'cluster-cidr', 'cluster-dns', 'cluster-domain', 'cluster-reset-restore-path', 'config', 'data-dir', 'datastore-endpoint', 'disable', 'etcd-arg', 'flannel-backend', 'flannel-iface', 'https-listen-port', 'kube-apiserver-arg',
  'kube-controller-manager-arg', 'kube-scheduler-arg', 'kubelet-arg', 'node-external-ip', 'node-ip', 'node-label', 'node-name', 'node-taint', 'server', 'service-cidr', 'system-default-registry', 'tls-san', 'token', 'token-file',
  'write-kubeconfig', 'write-kubeconfig-mode',
];
const SWITCHES = ['cluster-init', 'cluster-reset', 'debug', 'disable-agent', 'disable-cloud-controller', 'disable-helm-controller', 'disable-kube-proxy', 'disable-network-policy', 'docker', 'embedded-registry', 'secrets-encryption', 'selinux'];
const CONFIG = '/etc/rancher/k3s/config.yaml';

/** Flags of `k3s server` and `k3s agent`; one may stand there several times. */
export type K3sFlags = ReadonlyMap<string, readonly string[]>;

/** Flags of the command line over those of /etc/rancher/k3s/config.yaml. @throws in the words of the real k3s */
export function parseK3sFlags(words: readonly string[]): K3sFlags {
  const flags = new Map<string, string[]>();
  const add = (name: string, value: string): void => void flags.set(name, [...(flags.get(name) ?? []), value]);
  for (let index = 0; index < words.length; index += 1) {
    const [, name, value] = /^--?([a-z-]+)(?:=(.*))?$/s.exec(words[index] ?? '') ?? [];
    if (name !== undefined && SWITCHES.includes(name)) add(name, value ?? 'true');
    else if (name === undefined || !VALUE_FLAGS.includes(name)) throw new Error(`Incorrect Usage: flag provided but not defined: -${name ?? words[index]}`);
    else if (value !== undefined) add(name, value);
    else add(name, words[(index += 1)] ?? '');
  }
  const config = existsSync(CONFIG) ? (parse(readFileSync(CONFIG, 'utf8')) as Readonly<Record<string, unknown>> | null) : null;
  for (const [name, value] of Object.entries(config ?? {})) {
    if (!flags.has(name)) flags.set(name, (Array.isArray(value) ? value : [value]).map(String));
  }
  return flags;
}
