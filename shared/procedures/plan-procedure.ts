import type { Procedure } from '../domain/procedure.ts';
import type { PlannedProcedure, ProcedureNode } from './composition.ts';
import { planAgentUpgrade } from './agent-upgrade.ts';
import { planContainerdConfig, planContainerdUpgrade } from './containerd.ts';
import { planK3sRuntimes } from './k3s-runtimes.ts';
import { planDockerToContainerd } from './docker-to-containerd.ts';
import { planKubeadmCertsRenew } from './kubeadm-certs-renew.ts';
import { planK3sUpgrade } from './kubernetes/k3s-upgrade.ts';
import { planKubeadmUpgrade } from './kubernetes/kubeadm-upgrade.ts';
import { planOsReboot } from './os-reboot.ts';
import { planPackages } from './packages.ts';
import { planWasm } from './wasm.ts';

/**
 * Composes the steps of every node by its facts. Pure: the same facts give the same steps on every coordinator.
 *
 * @param nodes every node that the rollout takes, and all others of their clusters.
 * @param nowUnixMs wall clock.
 */
export function planProcedure(procedure: Procedure, nodes: readonly ProcedureNode[], nowUnixMs: number): PlannedProcedure {
  switch (procedure.kind) {
    case 'packages':
      return { ok: true, hops: planPackages(procedure, nodes) };
    case 'kubeadm-upgrade':
      return planKubeadmUpgrade(procedure, nodes);
    case 'k3s-upgrade':
      return planK3sUpgrade(procedure, nodes);
    case 'os-reboot':
      return { ok: true, hops: planOsReboot(procedure, nodes) };
    case 'agent-upgrade':
      return { ok: true, hops: planAgentUpgrade(procedure, nodes) };
    case 'containerd-config':
      return { ok: true, hops: planContainerdConfig(procedure, nodes) };
    case 'containerd-upgrade':
      return planContainerdUpgrade(procedure, nodes);
    case 'k3s-runtimes':
      return planK3sRuntimes(procedure, nodes);
    case 'docker-to-containerd':
      return planDockerToContainerd(procedure, nodes);
    case 'kubeadm-certs-renew':
      return { ok: true, hops: planKubeadmCertsRenew(procedure, nodes, nowUnixMs) };
    case 'wasm':
      return { ok: true, hops: planWasm(procedure, nodes) };
  }
}
