import type { Decision } from '../../coordinator/core/decision.ts';
import type { Slot } from '../../coordinator/core/ledger-event.ts';
import { foldRollout, type RolloutState } from '../../coordinator/core/rollout.ts';
import type { NodeView, Now, World } from '../../coordinator/core/world.ts';
import type { Share } from '../../shared/domain/plan.ts';

/** What the grants of one tick broke, and how close to the limits they came. */
export interface Audit {
  readonly breaches: readonly string[];
  readonly granted: number;
  /** Grants that took the last unit of some limit. */
  readonly lastUnits: number;
  /** Slots of nodes that were out already, without our help. */
  readonly repairs: readonly Slot[];
  /** Slots of restores. */
  readonly restored: readonly Slot[];
}

/**
 * Counts the grants of a tick anew, slowly and by the words of DESIGN 4 and 4a only: it shares no code with what it
 * judges but the folding of logs.
 */
export function auditGrants(world: World, now: Now, decisions: readonly Decision[]): Audit {
  const rollouts = new Map<string, RolloutState>(world.rollouts);
  const slots = new Map<string, Slot>(world.ledger.slots);
  const breaches: string[] = [];
  const repairs: Slot[] = [];
  const restored: Slot[] = [];
  let [granted, lastUnits] = [0, 0];
  for (const decision of decisions) {
    if (decision.kind === 'rollout') {
      const before = rollouts.get(decision.rollout)!;
      rollouts.set(decision.rollout, foldRollout(before.id, before, before.sequence + 1, decision.events));
    }
    if (decision.kind !== 'ledger') continue;
    for (const event of decision.events) {
      if (event.type === 'slot-returned') slots.delete(event.node);
      if (event.type === 'slot-adopted') slots.set(event.slot.node, event.slot);
      if (event.type !== 'slots-taken') continue;
      breaches.push(...restoreBreaches(world, rollouts, event.slots, slots));
      for (const slot of event.slots) {
        if (slot.restore === true) {
          restored.push(slot);
          slots.set(slot.node, slot);
          continue;
        }
        breaches.push(...ruleBreaches(world, rollouts, slot, slots), ...quorumBreaches(world, now, rollouts, slot, slots));
        const counts = scopeCounts(world, now, rollouts, slots, slot.node);
        const view = world.nodes.get(slot.node)!;
        const wasOut = isOut(world, now, view, slots) && !isOnlySilent(view);
        if (wasOut) repairs.push(slot);
        else breaches.push(...counts.filter(({ out, limit }) => out >= limit).map(({ name, out, limit }) => `I1 ${slot.node} taken with ${out} of ${limit} out in ${name}`));
        if (!wasOut && counts.some(({ out, limit }) => out === limit - 1)) lastUnits += 1;
        granted += 1;
        slots.set(slot.node, slot);
      }
    }
  }
  return { breaches, granted, lastUnits, repairs, restored };
}

/** A slot that neither I1 nor I2 bounds is known by its mark: all hosts of a restore at once, nobody of its cluster beside them, and nothing else. */
function restoreBreaches(world: World, rollouts: ReadonlyMap<string, RolloutState>, taken: readonly Slot[], held: ReadonlyMap<string, Slot>): string[] {
  const clusterOf = (name: string): string | undefined => world.nodes.get(name)?.record.cluster;
  const living = [...rollouts.values()].filter(({ status, frozen }) => status.state !== 'ended' && frozen.restore !== undefined);
  const all = [...held.values(), ...taken];
  return taken.flatMap((slot) => {
    const rollout = rollouts.get(slot.rollout);
    const mark = rollout?.frozen.restore;
    if ((slot.restore === true) !== (mark !== undefined)) return [`I2 slot for ${slot.node} of ${slot.rollout} ${slot.restore === true ? 'is marked as of a restore, which that is not' : 'of a restore bears no mark'}`];
    if (mark === undefined) return living.filter(({ frozen }) => frozen.restore?.cluster === clusterOf(slot.node)).map(({ id }) => `I2 slot for ${slot.node} while ${id} restores its datastore`);
    const left = [...(rollout?.nodes ?? [])].filter(([name, node]) => !all.some((one) => one.node === name && one.rollout === slot.rollout) && !(node.state === 'ended' && node.end.state === 'done')).map(([name]) => name);
    const beside = all.filter((one) => one.rollout !== slot.rollout && clusterOf(one.node) === mark.cluster).map(({ node }) => node);
    return [
      ...(rollout?.status.state === 'running' ? [] : [`I7 slot for ${slot.node} of a restore that does not run`]),
      ...(left.length > 0 ? [`I2 slot for ${slot.node} of a restore without ${left.join(', ')}`] : []),
      ...(beside.length > 0 ? [`I2 slot for ${slot.node} of a restore beside ${beside.join(', ')}`] : []),
    ];
  });
}

function ruleBreaches(world: World, rollouts: ReadonlyMap<string, RolloutState>, slot: Slot, slots: ReadonlyMap<string, Slot>): string[] {
  const rollout = rollouts.get(slot.rollout);
  const what = `${slot.node} generation ${slot.generation} of ${slot.rollout}`;
  if (rollout === undefined) return [`I5 slot for ${what}: no such rollout`];
  const { status, frozen, failuresSeen } = rollout;
  const failures = rollout.failures + failing(world, rollout).length;
  const node = rollout.nodes.get(slot.node);
  const others = [...rollouts.values()].filter((other) => other.id !== slot.rollout && other.status.state !== 'ended' && other.nodes.get(slot.node)?.state === 'assigned');
  const index = frozen.waves.findIndex(({ nodes }) => nodes.includes(slot.node));
  const breaches = [
    status.state !== 'running' && `I7 slot for ${what} while it is ${status.state}`,
    failures > Math.max(frozen.plan.maxFailures, failuresSeen) && `I7 slot for ${what} after ${failures} failures`,
    (node?.state !== 'assigned' || node.generation !== slot.generation) && `I5 slot for ${what} without that assignment`,
    slots.has(slot.node) && `I5 second slot for ${what}`,
    others.length > 0 && `I5 slot for ${what} that ${others[0]?.id} owns too`,
    index > 0 && rollout.waves.get(frozen.waves[index - 1]!.name)?.state !== 'complete' && `I3 slot for ${what} before the wave before it is complete`,
    index > 0 && failuresSeen === 0 && canaryFailed(world, rollout) && `I3 slot for ${what} after a failed canary`,
    isUnproved(world, rollout, slot.node) && `I8 slot for ${what} without a proof of its datastore`,
    world.nodes.get(slot.node)?.cluster?.unschedulable === true && `I1 slot for ${what}, which a person cordoned`,
    isOnlySilent(world.nodes.get(slot.node)) && `I1 slot for ${what}, whose cluster is silent`,
    world.cordons?.has(slot.node) === true && `I9 slot for ${what}, whose cordon nobody owns`,
  ];
  return breaches.filter((breach) => breach !== false);
}

/** Nobody said that it is out: it is no repair. */
function isOnlySilent(view: NodeView | undefined): boolean {
  return view?.cluster?.silent === true && view.cluster.ready;
}

/** I2: who tells to be a control-plane node, and whoever any rollout that is not over knew as one; the names of removed nodes with a slot count too. */
function quorumBreaches(world: World, now: Now, rollouts: ReadonlyMap<string, RolloutState>, slot: Slot, slots: ReadonlyMap<string, Slot>): string[] {
  const living = [...rollouts.values()].filter(({ status }) => status.state !== 'ended');
  const told = [...world.nodes.values()].filter(({ facts }) => ['control-plane', 'server'].includes(facts?.facts.kubernetes?.role ?? ''));
  const clusters = new Set([...told.map(({ record }) => record.cluster), ...living.flatMap(({ frozen }) => Object.keys(frozen.controlPlanes))]);
  return [...clusters].flatMap((cluster) => {
    const members = new Set([...told.filter(({ record }) => record.cluster === cluster).map(({ record }) => record.name), ...living.flatMap(({ frozen }) => frozen.controlPlanes[cluster] ?? [])]);
    if (!members.has(slot.node)) return [];
    const present = [...members].filter((name) => world.nodes.has(name));
    const down = [...members].filter((name) => name !== slot.node && (slots.has(name) || (world.nodes.has(name) && isOut(world, now, world.nodes.get(name)!, slots))));
    const allows = rollouts.get(slot.rollout)?.frozen.plan.allowControlPlaneOutage === true;
    return [
      ...(down.length > 0 ? [`I2 slot for ${slot.node} while ${down.join(', ')} of the control plane of ${cluster} is out`] : []),
      ...(present.length < 3 && !allows ? [`I2 slot for ${slot.node}: the control plane of ${cluster} has ${present.length} members`] : []),
    ];
  });
}

/** I8, by the order of moments alone: a later hop needs a proof that is younger than the hop. */
function isUnproved({ proofs }: World, { frozen, startedUnixMs }: RolloutState, node: string): boolean {
  if (frozen.plan.procedure?.kind !== 'kubeadm-upgrade') return false;
  const cluster = Object.entries(frozen.controlPlanes).find(([, members]) => members.includes(node))?.[0];
  if (cluster === undefined || frozen.rollbackOf !== null) return false;
  const taken = proofs?.get(cluster)?.takenUnixMs;
  return taken === undefined || ((frozen.chain?.hop ?? 1) > 1 && taken < startedUnixMs);
}

function canaryFailed(world: World, rollout: RolloutState): boolean {
  const soon = failing(world, rollout);
  return (rollout.frozen.waves[0]?.nodes ?? []).some((name) => {
    const node = rollout.nodes.get(name);
    return soon.includes(name) || (node?.state === 'ended' && node.end.state !== 'done');
  });
}

/** I7: whoever goes back, or could not be drained, has as good as failed. */
function failing(world: World, { id, nodes }: RolloutState): readonly string[] {
  return [...nodes].flatMap(([name, node]) => {
    if (node.state !== 'assigned' || node.stuck) return [];
    const progress = world.nodes.get(name)?.journal.assignments.get(node.generation);
    const goesBack = progress?.rollout === id && progress.digest === node.digest && progress.state === 'reverting';
    return goesBack || node.givenUp !== null ? [name] : [];
  });
}

/** Unavailable by the words of DESIGN 4a. */
function isOut(world: World, now: Now, view: NodeView, slots: ReadonlyMap<string, Slot>): boolean {
  const { record, session, cluster } = view;
  if (slots.has(record.name) || !record.approved || isUnheard(view)) return true;
  if (session.state === 'lost' && now.monotonicMs - session.sinceMonotonicMs > world.policy.lostAfterMs) return true;
  return world.cordons?.has(record.name) === true || (cluster !== null && (!cluster.ready || cluster.unschedulable || cluster.silent === true));
}

/** Nobody knows all that was done to it. */
function isUnheard({ session, journal }: NodeView): boolean {
  if (session.state !== 'lost') return session.state === 'silent' || !session.reported;
  const { journalId, journalSequence } = session.hello;
  return journalSequence > 0 && (journal.journalId !== journalId || journal.lastSequence < journalSequence);
}

/** Deferred nodes leave numerator and denominator of fleet and rollout, and stay in cluster and zone. */
function isLeftOut(world: World, now: Now, view: NodeView, slots: ReadonlyMap<string, Slot>): boolean {
  const { record, session } = view;
  if (slots.has(record.name) || session.state === 'connected') return false;
  const lostLong = session.state === 'lost' && !isUnheard(view) && now.monotonicMs - session.sinceMonotonicMs > world.policy.deferAfterMs;
  return lostLong || world.ledger.forgotten.get(record.name)?.gone === true;
}

function scopeCounts(world: World, now: Now, rollouts: ReadonlyMap<string, RolloutState>, slots: ReadonlyMap<string, Slot>, name: string) {
  const { record } = world.nodes.get(name)!;
  const { fleet, perCluster, perZone } = world.policy.maxUnavailable;
  const all = [...world.nodes.values()];
  const wide = all.filter((view) => !isLeftOut(world, now, view, slots));
  const removed = [...slots.keys()].filter((node) => !world.nodes.has(node));
  const out = (views: readonly NodeView[]): number => views.filter((view) => isOut(world, now, view, slots)).length;
  const cluster = all.filter((view) => view.record.cluster === record.cluster);
  const zone = all.filter((view) => view.record.zone === record.zone);
  return [
    { name: 'fleet', limit: limitOf(fleet, wide.length), out: out(wide) + removed.length },
    ...(record.cluster === '' ? [] : [{ name: `cluster ${record.cluster}`, limit: limitOf(perCluster, cluster.length), out: out(cluster) + removed.length }]),
    ...(record.zone === '' ? [] : [{ name: `zone ${record.zone}`, limit: limitOf(perZone, zone.length), out: out(zone) + removed.length }]),
    ...[...rollouts.values()]
      .filter((rollout) => rollout.status.state !== 'ended' && rollout.nodes.has(name))
      .map((rollout) => ({
        name: `rollout ${rollout.id}`,
        limit: rollout.frozen.maxUnavailable,
        out: out(wide.filter((view) => rollout.nodes.has(view.record.name))) + removed.filter((node) => rollout.nodes.has(node)).length,
      })),
  ];
}

function limitOf(share: Share, total: number): number {
  return share.unit === 'nodes' ? share.value : Math.max(1, Math.floor((share.value * total) / 100));
}
