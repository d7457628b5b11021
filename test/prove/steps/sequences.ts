import { readdirSync } from 'node:fs';
import { release } from 'node:os';

import type { KubeadmUpgrade } from '../../../shared/domain/procedure.ts';
import type { StepSpec } from '../../../shared/domain/step-spec.ts';
import { composeSteps, type WantedStep } from '../../../shared/procedures/compose-steps.ts';
import type { PlannedProcedure } from '../../../shared/procedures/composition.ts';
import { planProcedure } from '../../../shared/procedures/plan-procedure.ts';
import type { Host } from '../../fleet/host.ts';
import type { K3sBuild } from '../../fleet/k3s-host.ts';
import { aK3sNode, aKubeadmNode } from '../../support/example-cluster.ts';

export const KUBEADM_OLD = '1.33.9';
export const KUBEADM_NEW = '1.34.1';
export const K3S_OLD = 'v1.33.9+k3s1';
export const K3S_PATCH = 'v1.33.10+k3s1';
export const K3S_MINOR = 'v1.34.1+k3s1';

/** Of no bytes: enough to know which steps there are, and for hosts that have no K3s. */
export const NO_BUILD: K3sBuild = { binary: { sha256: '0'.repeat(64), size: 1 }, images: null };

const NO_WAITS = { upgradeManifestsMs: 0, etcdApiCallMs: 0, kubernetesApiCallMs: 0, controlPlaneHealthCheckMs: 0, kubeletHealthCheckMs: 0 };
const KUBEADM: KubeadmUpgrade = {
  ...{ kind: 'kubeadm-upgrade', version: KUBEADM_NEW, hops: [], sources: ['lab'], packageRevision: '1.1', pointsOfNoReturn: ['control-plane'] },
  settings: { etcdUpgrade: true, certificateRenewal: true, imagePullPolicy: 'Never', ignorePreflightErrors: [], patches: '', timeouts: NO_WAITS },
};
/** Every certificate ends sooner. */
const DAYS_MAX = 3650;

/** What the procedures make for a node; a cluster of three control planes and a worker stands for any. */
export function kubeadmSteps(role: 'first-control-plane' | 'control-plane' | 'worker'): readonly StepSpec[] {
  const nodes = ['cp1', 'cp2', 'cp3', 'w1'].map((name) => aKubeadmNode(name, KUBEADM_OLD));
  return stepsOf(planProcedure(KUBEADM, nodes, Date.now()), { 'first-control-plane': 'cp1', 'control-plane': 'cp2', worker: 'w1' }[role]);
}

export function certificateSteps(): readonly StepSpec[] {
  const procedure = { kind: 'kubeadm-certs-renew', renew: [], whenUnderDays: DAYS_MAX } as const;
  return stepsOf(planProcedure(procedure, [aKubeadmNode('cp1', KUBEADM_OLD)], Date.now()), 'cp1');
}

/** @param build lies in the cache of the host that gets it. */
export function k3sSteps(role: 'server' | 'agent', version: string, build: K3sBuild): readonly StepSpec[] {
  const nodes = ['s1', 'a1'].map((name) => aK3sNode(name, K3S_OLD.slice(1)));
  const releases = [{ version, builds: { [nodes[0]?.facts?.architecture ?? '']: build } }];
  return stepsOf(planProcedure({ kind: 'k3s-upgrade', version, releases, pointsOfNoReturn: ['control-plane'] }, nodes, Date.now()), role === 'server' ? 's1' : 'a1');
}

/** Every kind that no procedure has, composed as those of a plan are. */
export function configurationSteps(): readonly StepSpec[] {
  const wanted: readonly WantedStep[] = [
    { name: 'modules', modules: { name: 'proof', modules: [builtInModule()] }, because: '' },
    { name: 'sysctl', sysctl: { name: 'proof', settings: { 'net.ipv4.tcp_fin_timeout': 33 } }, because: '' },
    { name: 'files', files: { manage: [{ path: '/etc/proof/old.conf', content: 'new\n', mode: '0600' }, { path: '/etc/proof/made/new.conf', content: 'made\n', owner: 'daemon' }, { path: '/etc/proof/away.conf', absent: true }] }, because: '' },
    { name: 'hook', hook: { name: 'proof', reversible: true }, because: '' },
    { name: 'kubelet-config', kubeletConfig: { set: { maxPods: 150 } }, because: '' },
    { name: 'service', service: { restart: 'hoofd.service' }, because: '' },
    { name: 'reboot', reboot: { units: ['kubelet.service', 'hoofd.service'] }, because: '' },
  ];
  return composeSteps(wanted).map(({ step }) => step);
}

const HOOK = `#!/bin/sh
# farrier-hook: check
case "$1" in
  check) [ -e /etc/proof/hook-ran ] || exit 100 ;;
  apply) echo ran >/etc/proof/hook-ran ;;
  verify) [ -e /etc/proof/hook-ran ] ;;
  revert) rm -f /etc/proof/hook-ran ;;
esac
`;

/** What `configurationSteps` find on a host: files of a person's, a hook, the module, hoofd. */
export async function prepareConfiguration(host: Host): Promise<void> {
  await host.writeFile('/etc/proof/old.conf', 'old\n');
  await host.writeFile('/etc/proof/away.conf', 'away\n', 0o400);
  await host.mustExec(['sh', '-c', 'chmod 640 /etc/proof/old.conf; chown nobody:daemon /etc/proof/old.conf']);
  await host.writeFile('/etc/farrier/hooks.d/proof', HOOK, 0o755);
  await host.writeFile(`/usr/lib/modules/${release()}/modules.builtin`, `kernel/fs/${builtInModule()}.ko\n`);
  await host.mustExec(['dpkg', '--install', '/srv/repo/hoofd_1.0_all.deb']);
}

/** Part of the kernel of this machine: one kernel is shared by all hosts, so that nothing can be loaded in one of them. */
function builtInModule(): string {
  return readdirSync('/sys/module').find((name) => /^[a-z]/.test(name)) ?? 'none';
}

function stepsOf(planned: PlannedProcedure, node: string): readonly StepSpec[] {
  if (!planned.ok) throw new Error(planned.problems.map(({ message }) => message).join('; '));
  const steps = planned.hops[0]?.steps.get(node) ?? [];
  if (steps.length === 0) throw new Error(`no procedure has anything to do on ${node}`);
  return steps.map(({ step }) => step);
}
