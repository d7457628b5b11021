import type { Cordon, Drain, DrainBlock, DrainTrouble } from '../../coordinator/ports/drain.ts';
import { type ApiAnswer, type ClusterNode, type MemoryCluster, Unreachable } from './memory-cluster.ts';

const KEY = 'farrier/cordon';
const STAY = new Set(['daemon', 'static', 'finished']);

/** The whole port over a cluster in memory. */
export function memoryDrain(cluster: MemoryCluster): Drain {
  return {
    cordon: (name, by, signal) => answering(signal, () => {
      const node = cluster.node(name);
      if (node === null) return gone(name);
      const foreign = foreignCordon(node, by);
      if (foreign !== null) return foreign;
      // One patch.
      node.taints.add(KEY);
      node.annotations.set(KEY, JSON.stringify({ ...by, breakGlass: `kubectl taint node ${name} ${KEY}- && kubectl annotate node ${name} ${KEY}-` }));
      return { ok: true };
    }),

    drain: (name, by, signal) => answering(signal, () => {
      const node = cluster.node(name);
      if (node === null) return gone(name);
      const foreign = foreignCordon(node, by);
      if (foreign !== null) return foreign;
      if (cordonOf(node) === null) return trouble('not-cordoned', `${name} bears no cordon`, name);
      const answers = cluster.podsOn(name).filter(({ kind }) => !STAY.has(kind)).map((pod) => ({ pod, answer: pod.kind === 'unmanaged' ? null : cluster.evict(pod.name) }));
      const blocks = answers.flatMap(({ pod, answer }) => blockOf(pod.name, answer));
      const pods = answers.flatMap(({ pod, answer }) => (answer?.status === 201 ? [pod.name] : []));
      if (blocks.length > 0) return { ok: true, state: 'blocked', blocks, pods };
      return pods.length > 0 ? { ok: true, state: 'leaving', pods } : { ok: true, state: 'drained' };
    }),

    restore: (name, by, signal) => answering(signal, () => {
      const node = cluster.node(name);
      const foreign = node === null ? null : foreignCordon(node, by);
      if (foreign !== null) return foreign;
      node?.taints.delete(KEY);
      node?.annotations.delete(KEY);
      return { ok: true };
    }),

    cordoned: (fleet, signal) => answering(signal, () => {
      const all = [...cluster.nodes()].flatMap(([name, node]) => {
        const cordon = cordonOf(node);
        return cordon?.fleet === fleet ? [[name, cordon] as const] : [];
      });
      return { ok: true, nodes: new Map(all) };
    }),
  };
}

/** @returns null where the node bears none. */
export function cordonOf({ annotations }: ClusterNode): Cordon | null {
  const text = annotations.get(KEY);
  if (text === undefined) return null;
  const { fleet, rollout, epoch } = JSON.parse(text) as Cordon;
  return { fleet, rollout, epoch };
}

async function answering<Result>(signal: AbortSignal, work: () => Result): Promise<Result | DrainTrouble> {
  signal.throwIfAborted();
  try {
    return await Promise.resolve(work());
  } catch (error) {
    if (error instanceof Unreachable) return trouble('api-unreachable', error.message, '');
    throw error;
  }
}

function foreignCordon(node: ClusterNode, by: Cordon): DrainTrouble | null {
  const found = cordonOf(node);
  if (found === null) return null;
  if (found.fleet !== by.fleet) return trouble('owned-elsewhere', `fleet ${found.fleet} cordoned it`, found.fleet);
  if (found.epoch > by.epoch) return trouble('fenced', `epoch ${found.epoch} cordoned it`, String(found.epoch));
  return found.rollout === by.rollout ? null : trouble('owned-elsewhere', `rollout ${found.rollout} cordoned it`, found.rollout);
}

function blockOf(pod: string, answer: ApiAnswer | null): readonly DrainBlock[] {
  if (answer === null) return [{ pod, code: 'unmanaged', budget: '', message: 'no controller would make it again' }];
  const { status, message, cause } = answer;
  if (status === 201 || status === 404) return [];
  if (status === 429) return [{ pod, code: 'budget', budget: /disruption budget (\S+)/.exec(cause)?.[1] ?? '', message: cause }];
  return [{ pod, code: /more than one PodDisruptionBudget/.test(message) ? 'budgets-conflict' : 'refused', budget: '', message }];
}

function gone(name: string): DrainTrouble {
  return trouble('node-gone', `the cluster has no node ${name}`, name);
}

function trouble(code: DrainTrouble['code'], message: string, object: string): DrainTrouble {
  return { ok: false, code, message, object };
}
