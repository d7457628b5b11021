// The stand-in of kubeadm: version, upgrade plan|apply|node, certs check-expiration|renew.
import { existsSync } from 'node:fs';

import { ApiClient } from '../api/api-client.ts';
import { passPoint } from '../faults.ts';
import { expirationInfo, isThere, MANAGED, renew } from '../kubeadm/certificate-inventory.ts';
import { readCluster } from '../kubeadm/cluster-reader.ts';
import { parseUpgradeArguments } from '../kubeadm/kubeadm-arguments.ts';
import { KubeadmError } from '../kubeadm/kubeadm-error.ts';
import { releaseFacts } from '../kubeadm/release-facts.ts';
import { upgradeApply, upgradeNode, upgradePlan } from '../kubeadm/upgrade.ts';
import { builtVersion, sayStandIn } from '../stand-in-notice.ts';
import { versionInfo } from '../version-info.ts';

const kubeadmVersion = builtVersion();
const run = { kubeadmVersion, passPoint: (at: string): Promise<void> => passPoint('kubeadm', kubeadmVersion, at) };
const words = process.argv.slice(2);
const ADMIN = '/etc/kubernetes/admin.conf';

sayStandIn('kubeadm');
try {
  await main(words);
} catch (error) {
  const { hasExitCodes } = releaseFacts(kubeadmVersion);
  console.error(`${hasExitCodes ? '' : 'error: '}${error instanceof Error ? error.message : String(error)}\nTo see the stack trace of this error execute with --v=5 or higher`);
  process.exit(hasExitCodes && error instanceof KubeadmError ? error.exitCode : 1);
}

async function main([first = '', second = '', ...rest]: readonly string[]): Promise<void> {
  if (first === 'version') return printVersion(outputOf(words));
  await run.passPoint('start');
  switch (`${first} ${second}`) {
    case 'upgrade plan': {
      const version = rest.find((word, index) => !word.startsWith('-') && !['-o', '--output', '--config', '--kubeconfig'].includes(rest[index - 1] ?? ''));
      if (version === undefined) throw new KubeadmError('couldn\'t fetch a Kubernetes version from the internet: the stand-in has none; name a version');
      const plan = await upgradePlan(run, version);
      // Where nothing is newer the real one prints nothing at all.
      if (plan === null) return;
      return console.log(outputOf(rest) === 'json' ? JSON.stringify(plan, null, 4) : `You can now apply the upgrade by executing the following command:\n\n\tkubeadm upgrade apply ${version}\n`);
    }
    case 'upgrade apply': return upgradeApply(run, parseUpgradeArguments('apply', rest));
    case 'upgrade node': return upgradeNode(run, parseUpgradeArguments('node', rest));
    case 'certs check-expiration': {
      const info = expirationInfo(new Date());
      return console.log(outputOf(rest) === 'json' ? JSON.stringify(info, null, 4) : table(info));
    }
    case 'certs renew': return renewCertificates(rest.find((word) => !word.startsWith('-')) ?? '');
    default: throw new KubeadmError(`unknown command ${JSON.stringify(words.join(' '))} for "kubeadm"`);
  }
}

async function renewCertificates(name: string): Promise<void> {
  const chosen = name === 'all' ? MANAGED : MANAGED.filter((one) => one.name === name);
  if (chosen.length === 0) throw new KubeadmError(`unknown command ${JSON.stringify(name)} for "kubeadm certs renew"`);
  await sayWhereFrom('renew');
  for (const one of chosen) {
    if (!isThere(one)) {
      console.log(`MISSING! ${one.longName}`);
      continue;
    }
    await run.passPoint(`renew-${one.name}`);
    console.log((await renew(one)) ? `${one.longName} renewed` : `Detected external ${one.ca}, ${one.longName} can't be renewed`);
  }
  if (name === 'all') console.log('\nDone renewing certificates. You must restart the kube-apiserver, kube-controller-manager, kube-scheduler and etcd, so that they can use the new certificates.');
}

/** Without an API the real one goes on with its defaults, and says so. */
async function sayWhereFrom(prefix: string): Promise<void> {
  if (!existsSync(ADMIN)) return;
  console.log(`[${prefix}] Reading configuration from the "kubeadm-config" ConfigMap in namespace "kube-system"...`);
  const client = new ApiClient(ADMIN);
  const lines = await readCluster(client).then(
    () => `[${prefix}] Use 'kubeadm init phase upload-config kubeadm --config your-config-file' to re-upload it.`,
    () => `[${prefix}] Error reading configuration from the Cluster. Falling back to default configuration`,
  );
  client.close();
  console.log(`${lines}\n`);
}

function printVersion(output: string | null): void {
  const info = versionInfo(kubeadmVersion);
  if (output === 'short') console.log(kubeadmVersion);
  else if (output === 'json') console.log(JSON.stringify({ clientVersion: info }, null, 2));
  else console.log(`kubeadm version: &version.Info{Major:"${info['major']}", Minor:"${info['minor']}", EmulationMajor:"", EmulationMinor:"", MinCompatibilityMajor:"", MinCompatibilityMinor:"", GitVersion:"${kubeadmVersion}", GitCommit:"${info['gitCommit']}", GitTreeState:"clean", BuildDate:"${info['buildDate']}", GoVersion:"${info['goVersion']}", Compiler:"${info['compiler']}", Platform:"${info['platform']}"}`);
}

function outputOf(args: readonly string[]): string | null {
  const index = args.findIndex((word) => word === '-o' || word === '--output');
  return args.find((word) => word.startsWith('--output='))?.slice('--output='.length) ?? args.find((word) => /^-o=?[a-z]+$/.test(word))?.replace(/^-o=?/, '') ?? (index === -1 ? null : (args[index + 1] ?? null));
}

function table(info: Readonly<Record<string, unknown>>): string {
  const rows = info['certificates'] as readonly { readonly name: string; readonly expirationDate: string; readonly residualTime: number; readonly caName: string }[];
  return ['CERTIFICATE EXPIRES RESIDUAL-TIME CERTIFICATE-AUTHORITY', ...rows.map((row) => `${row.name} ${row.expirationDate} ${Math.floor(row.residualTime / 86_400)}d ${row.caName}`)].join('\n');
}
