import type { NodeName } from '../../shared/domain/ids.ts';
import type { Reason } from '../../shared/domain/reason.ts';
import type { Budget } from './budget.ts';
import { unprovedCluster } from './datastore-proved.ts';
import { etcdLookOf } from './etcd-look-of.ts';
import { overspentSoon } from './failure-budget.ts';
import type { Slot } from './ledger-event.ts';
import { reportedProgress } from './reported-progress.ts';
import type { Assigned, RolloutState } from './rollout.ts';
import type { Rules } from './rules.ts';
import { isReachable } from './unavailable.ts';
import type { Now, World } from './world.ts';

/** An agent that has its assignment says so well within this. */
const HEARD_WITHIN_MS = 30_000;

export interface SlotCandidate {
  readonly slot: Slot;
  /** Its plan allows that a control plane goes down which cannot lose a member. */
  readonly allowsOutage: boolean;
}

/** Slots that one rollout could use now, in the order in which its plan wants them: waves, then by name. */
export function slotCandidates(world: World, now: Now, rollout: RolloutState, rules: Rules): readonly SlotCandidate[] {
  if (rollout.status.state !== 'running' || (rules.slotsStopBeforeFailures && overspentSoon(world, rollout) !== null)) return [];
  const candidates: SlotCandidate[] = [];
  for (const wave of rollout.frozen.waves) {
    if (rollout.waves.get(wave.name)?.state === 'closed') break;
    const staged = wave.nodes.filter((name) => isStaged(world, rollout, name) && unprovedCluster(world, now, rollout, name) === null && !waitsForFollowers(world, now, rollout, wave.nodes, name));
    for (const node of leadersLast(world, staged)) {
      const { generation } = rollout.nodes.get(node) as Assigned;
      const slot = { node, rollout: rollout.id, wave: wave.name, generation, takenUnixMs: now.wallUnixMs };
      candidates.push({ slot, allowsOutage: rollout.frozen.plan.allowControlPlaneOutage });
    }
  }
  return candidates;
}

/** By name; whose member leads its etcd goes last, so that leadership moves once and not with each of them. */
function leadersLast(world: World, names: readonly NodeName[]): readonly NodeName[] {
  const leads = (name: NodeName): boolean => etcdLookOf(world.nodes.get(name))?.isLeader === true;
  const byName = names.toSorted();
  return [...byName.filter((name) => !leads(name)), ...byName.filter(leads)];
}

/** It leads its etcd, and another member of that is about to be ready. No longer: who never gets ready holds nobody up. */
function waitsForFollowers(world: World, now: Now, rollout: RolloutState, wave: readonly NodeName[], name: NodeName): boolean {
  const own = etcdLookOf(world.nodes.get(name));
  if (own?.isLeader !== true) return false;
  return wave.some((other) => other !== name && etcdLookOf(world.nodes.get(other))?.clusterId === own.clusterId && isStaging(world, now, rollout, other));
}

function isStaging(world: World, now: Now, rollout: RolloutState, name: NodeName): boolean {
  const [node, view] = [rollout.nodes.get(name), world.nodes.get(name)];
  if (node?.state !== 'assigned' || node.recallAsked || view === undefined || !isReachable(view)) return false;
  const progress = reportedProgress(view, rollout.id, node);
  return progress === null ? now.wallUnixMs - node.sinceUnixMs < HEARD_WITHIN_MS : progress.state === 'accepted';
}

function isStaged(world: World, rollout: RolloutState, name: NodeName): boolean {
  const node = rollout.nodes.get(name);
  if (node?.state !== 'assigned' || node.recallAsked) return false;
  const view = world.nodes.get(name);
  if (view === undefined || !isReachable(view)) return false;
  return reportedProgress(view, rollout.id, node)?.state === 'staged';
}

/** Two rollouts never own one node; a slot held is this one's, or an older one that has yet to end. Nodes of a silent cluster are no repairs: they may be well. */
const LEFT_ALONE: ReadonlySet<Reason> = new Set(['holds-slot', 'cordoned-by-person', 'orphan-cordon', 'cluster-silent']);

/**
 * I1: grants what every limit leaves room for. A node that is unavailable already takes no further unit and so never
 * waits for one: a repair cannot deadlock. One that a person cordoned is left alone, and so is one whose cordon nobody owns yet.
 *
 * @param budget counted down by what is granted.
 */
export function grantSlots(candidates: readonly SlotCandidate[], budget: Budget): readonly Slot[] {
  const granted: Slot[] = [];
  for (const { slot, allowsOutage } of candidates) {
    const reason = budget.reason(slot.node);
    if ((reason !== null && LEFT_ALONE.has(reason)) || budget.blockedBy(slot.node, allowsOutage) !== null) continue;
    budget.take(slot.node);
    granted.push(slot);
  }
  return granted;
}
