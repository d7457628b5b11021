import type { NodeView } from '../../coordinator/core/world.ts';
import type { RolloutState } from '../../coordinator/core/rollout.ts';
import type { FleetState } from '../../coordinator/runtime/fleet-state.ts';
import { aHello, aView, aWorld, SESSIONS } from './world-builder.ts';
import type { HostFacts } from '../../shared/domain/host-facts.ts';

/** A connected node of a cluster that told these facts, and whose agent knows these kinds of step. */
export function aMember(name: string, facts: HostFacts | null, { cluster = 'prod', labels = {}, stepKinds = ALL_KINDS, agentVersion = '0.1.0' } = {}): NodeView {
  const hello = aHello({ stepKinds, agentVersion });
  return aView(name, { record: { cluster, labels }, session: { ...SESSIONS.connected, hello }, facts: facts === null ? null : { facts, sinceUnixMs: 0 } });
}

const ALL_KINDS = ['packages', 'service', 'reboot', 'kubeadm', 'kubelet', 'kubeadm_certs', 'k3s', 'agent_upgrade', 'images', 'cri_probe'];

export function aFleet(nodes: readonly NodeView[], rollouts: readonly RolloutState[] = []): FleetState {
  const world = aWorld({ nodes, rollouts });
  return { ...world, nodes: new Map(world.nodes), rollouts: new Map(world.rollouts), nodeLogs: new Map() };
}
