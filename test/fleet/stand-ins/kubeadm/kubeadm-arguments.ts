import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';

import { klogLine } from '../klog-line.ts';
import { KubeadmError } from './kubeadm-error.ts';

/** What `kubeadm upgrade apply|node` was told, by flags or by an UpgradeConfiguration. Durations in milliseconds. */
export interface UpgradeArguments {
  readonly version: string | null;
  readonly isConfirmed: boolean;
  readonly isForced: boolean;
  readonly isDryRun: boolean;
  readonly certificateRenewal: boolean;
  readonly etcdUpgrade: boolean;
  readonly kubeconfig: string | null;
  readonly ignored: readonly string[];
  readonly skipPhases: readonly string[];
  readonly upgradeManifestsMs: number;
}

interface UpgradeSection {
  readonly kubernetesVersion?: string;
  readonly certificateRenewal?: boolean;
  readonly etcdUpgrade?: boolean;
  readonly forceUpgrade?: boolean;
  readonly dryRun?: boolean;
  readonly ignorePreflightErrors?: readonly string[];
  readonly skipPhases?: readonly string[];
}

interface UpgradeConfiguration {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly apply?: UpgradeSection;
  readonly node?: UpgradeSection;
  readonly timeouts?: { readonly upgradeManifests?: string };
}

const UPGRADE_MANIFESTS_MS = 5 * 60_000;
/** Flags that may stand beside --config (validation.isAllowedFlag; --yes since 1.31). */
const BESIDE_CONFIG = ['config', 'ignore-preflight-errors', 'dry-run', 'kubeconfig', 'skip-phases', 'yes', 'v'];
const V1BETA4_APPLY = ['kubernetesVersion', 'allowExperimentalUpgrades', 'allowRCUpgrades', 'certificateRenewal', 'dryRun', 'etcdUpgrade', 'forceUpgrade', 'ignorePreflightErrors', 'patches', 'printConfig', 'skipPhases', 'imagePullPolicy', 'imagePullSerial'];
const V1BETA4_NODE = ['certificateRenewal', 'dryRun', 'etcdUpgrade', 'ignorePreflightErrors', 'skipPhases', 'patches', 'imagePullPolicy', 'imagePullSerial'];

/** Parses the words after `kubeadm upgrade apply` or `kubeadm upgrade node`. @throws KubeadmError */
export function parseUpgradeArguments(command: 'apply' | 'node', words: readonly string[]): UpgradeArguments {
  const { values, positionals } = parseFlags(command, words);
  const config = values.config === undefined ? null : loadConfig(values.config);
  const mixed = Object.keys(values).filter((name) => !BESIDE_CONFIG.includes(name)).toSorted();
  if (config !== null && mixed.length > 0) throw new KubeadmError(`can not mix '--config' with arguments [${mixed.join(' ')}]`);
  const section = config?.[command] ?? {};
  warnOfUnknown(section, command);
  const version = positionals[0] ?? section.kubernetesVersion ?? null;
  if (command === 'apply' && version === null) throw new KubeadmError('missing one or more required arguments. Required arguments: [version]');
  return {
    version,
    isConfirmed: values.yes === true,
    isForced: values.force === true || section.forceUpgrade === true,
    isDryRun: values['dry-run'] === true || section.dryRun === true,
    certificateRenewal: values['certificate-renewal'] === undefined ? (section.certificateRenewal ?? true) : values['certificate-renewal'] !== 'false',
    etcdUpgrade: values['etcd-upgrade'] === undefined ? (section.etcdUpgrade ?? true) : values['etcd-upgrade'] !== 'false',
    kubeconfig: values.kubeconfig ?? null,
    ignored: (values['ignore-preflight-errors']?.split(',') ?? section.ignorePreflightErrors ?? []).map((name) => name.toLowerCase()),
    skipPhases: values['skip-phases']?.split(',') ?? section.skipPhases ?? [],
    upgradeManifestsMs: config?.timeouts?.upgradeManifests === undefined ? UPGRADE_MANIFESTS_MS : parseGoDuration(config.timeouts.upgradeManifests),
  };
}

function parseFlags(command: 'apply' | 'node', words: readonly string[]) {
  try {
    return parseArgs({
      args: words.map((word) => word.replace(/^(--(?:certificate-renewal|etcd-upgrade))$/, '$1=true')),
      allowPositionals: command === 'apply',
      options: {
        'config': { type: 'string' }, 'kubeconfig': { type: 'string' }, 'ignore-preflight-errors': { type: 'string' }, 'skip-phases': { type: 'string' }, 'patches': { type: 'string' }, 'v': { type: 'string' },
        'certificate-renewal': { type: 'string' }, 'etcd-upgrade': { type: 'string' }, 'dry-run': { type: 'boolean' },
        ...(command === 'apply' ? { 'yes': { type: 'boolean', short: 'y' }, 'force': { type: 'boolean', short: 'f' } } as const : {}),
      },
    }) as { readonly values: Readonly<Record<'config' | 'kubeconfig' | 'ignore-preflight-errors' | 'skip-phases' | 'certificate-renewal' | 'etcd-upgrade', string | undefined> & Record<'yes' | 'force' | 'dry-run', boolean | undefined>>; readonly positionals: readonly string[] };
  } catch (error) {
    const unknown = /'(--?[^']*)'/.exec(String(error))?.[1];
    throw new KubeadmError(unknown === undefined ? String(error) : `unknown flag: ${unknown}`);
  }
}

function loadConfig(path: string): UpgradeConfiguration {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new KubeadmError(`unable to load config from file "${path}": open ${path}: no such file or directory`);
  }
  const config = parse(text) as UpgradeConfiguration | null;
  if (config?.kind === undefined || config.apiVersion === undefined) throw new KubeadmError('invalid configuration for GroupVersionKind /, Kind=: kind and apiVersion is mandatory information that must be specified');
  if (config.kind !== 'UpgradeConfiguration') throw new KubeadmError(`invalid configuration: kind and apiVersion is mandatory information that must be specified: no UpgradeConfiguration found in config file "${path}"`);
  if (config.apiVersion !== 'kubeadm.k8s.io/v1beta4') throw new KubeadmError(`your configuration file uses an old API spec: "${config.apiVersion}" (kind: "${config.kind}"). Please use kubeadm v1.22 instead and run 'kubeadm config migrate --old-config old-config-file --new-config new-config-file', which will write the new, similar spec using a newer API version.`);
  return config;
}

/** An unknown field is a warning and nothing else, which is how a plan's misspelt setting gets lost. */
function warnOfUnknown(section: UpgradeSection, command: 'apply' | 'node'): void {
  for (const name of Object.keys(section)) {
    if (!(command === 'apply' ? V1BETA4_APPLY : V1BETA4_NODE).includes(name)) console.error(klogLine('W', 'upgradeconfiguration.go:53', `error unmarshaling configuration schema.GroupVersionKind{Group:"kubeadm.k8s.io", Version:"v1beta4", Kind:"UpgradeConfiguration"}: strict decoding error: unknown field "${command}.${name}"`));
  }
}

/** Of Go's time.ParseDuration, the parts that kubeadm's files have: `5m0s`, `90s`, `1h`. */
function parseGoDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)];
  if (parts.map(([part]) => part).join('') !== text || parts.length === 0) throw new KubeadmError(`time: invalid duration "${text}"`);
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * ({ h: 3_600_000, m: 60_000, s: 1000, ms: 1 }[unit ?? ''] ?? 0), 0);
}
