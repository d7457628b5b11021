/** What an API server answers, as far as a drain looks at it. There is no Retry-After on a 429. */
export interface ApiAnswer {
  readonly status: 201 | 404 | 429 | 500;
  readonly reason: string;
  readonly message: string;
  readonly cause: string;
}

export interface ClusterNode {
  readonly taints: Set<string>;
  readonly annotations: Map<string, string>;
  unschedulable: boolean;
}

export interface PodSpec {
  readonly app: string;
  /** replicated: made again on another node, ready a while later. */
  readonly kind: 'replicated' | 'daemon' | 'static' | 'finished' | 'unmanaged';
}

interface Pod extends PodSpec {
  readonly name: string;
  readonly node: string;
  ready: boolean;
  leaving: boolean;
}

/** Thrown where the API server does not answer. */
export class Unreachable extends Error {}

/**
 * A cluster as far as a drain sees it: nodes, pods with their controllers, disruption budgets, and the answers of the
 * eviction API as they were seen on a real one.
 */
export class MemoryCluster {
  isReachable = true;
  readonly #nodes = new Map<string, ClusterNode>();
  readonly #pods = new Map<string, Pod>();
  readonly #budgets = new Map<string, { readonly app: string; readonly minHealthy: number }>();
  readonly #lostAtEviction = new Set<string>();
  #made = 0;

  constructor(nodes: readonly string[]) {
    for (const name of nodes) this.#nodes.set(name, { taints: new Set(), annotations: new Map(), unschedulable: false });
  }

  node(name: string): ClusterNode | null {
    this.#mustAnswer();
    return this.#nodes.get(name) ?? null;
  }

  nodes(): ReadonlyMap<string, ClusterNode> {
    this.#mustAnswer();
    return this.#nodes;
  }

  podsOn(node: string): readonly Pod[] {
    this.#mustAnswer();
    return [...this.#pods.values()].filter((pod) => pod.node === node);
  }

  evict(name: string): ApiAnswer {
    this.#mustAnswer();
    if (this.#lostAtEviction.delete(name)) this.#pods.delete(name);
    const pod = this.#pods.get(name);
    if (pod === undefined) return { status: 404, reason: 'NotFound', message: `pods "${name}" not found`, cause: '' };
    const budgets = [...this.#budgets].filter(([, { app }]) => app === pod.app);
    if (budgets.length > 1) return { status: 500, reason: '', message: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.', cause: '' };
    const [budget] = budgets;
    if (budget !== undefined && !pod.leaving) {
      const healthy = [...this.#pods.values()].filter((other) => other.app === pod.app && other.ready && !other.leaving).length;
      const [id, { minHealthy }] = budget;
      if (healthy - 1 < minHealthy) {
        return { status: 429, reason: 'TooManyRequests', message: 'Cannot evict pod as it would violate the pod\'s disruption budget.', cause: `The disruption budget ${id} needs ${minHealthy} healthy pods and has ${healthy} currently` };
      }
    }
    pod.leaving = true;
    return { status: 201, reason: '', message: '', cause: '' };
  }

  /** Time goes by: what leaves is gone, its controller has made it again elsewhere, and what was made is ready. */
  pass(): void {
    for (const pod of this.#pods.values()) pod.ready = true;
    for (const pod of [...this.#pods.values()].filter(({ leaving }) => leaving)) {
      this.#pods.delete(pod.name);
      const next = [...this.#nodes].find(([name, { taints, unschedulable }]) => name !== pod.node && taints.size === 0 && !unschedulable);
      if (pod.kind === 'replicated' && next !== undefined) this.#add(next[0], pod, false);
    }
  }

  run(node: string, spec: PodSpec): string {
    return this.#add(node, spec, true);
  }

  budget(name: string, app: string, minHealthy: number): void {
    this.#budgets.set(name, { app, minHealthy });
  }

  /** The pod goes by itself between being listed and being evicted. */
  loseAtEviction(pod: string): void {
    this.#lostAtEviction.add(pod);
  }

  removeNode(name: string): void {
    this.#nodes.delete(name);
  }

  #add(node: string, { app, kind }: PodSpec, ready: boolean): string {
    const name = `default/${app}-${(this.#made += 1)}`;
    this.#pods.set(name, { app, kind, name, node, ready, leaving: false });
    return name;
  }

  #mustAnswer(): void {
    if (!this.isReachable) throw new Unreachable('connect ECONNREFUSED');
  }
}
