import type { FrozenWave, Plan, Selector } from '../../shared/domain/plan.ts';
import { resolveShare } from '../../shared/domain/resolve-share.ts';
import type { NodeRecord } from './world.ts';

export interface PlannedWaves {
  readonly waves: readonly FrozenWave[];
  /** A plan with a problem is not started. */
  readonly problems: readonly WaveProblem[];
}

export interface WaveProblem {
  /** Of the plan's field: `spec.waves[0].select`. */
  readonly path: string;
  readonly code: 'no-node-selected' | 'empty-wave' | 'node-in-no-wave' | 'no-wave' | 'wave-named-twice';
  /** Cause and remedy. */
  readonly message: string;
}

const NODES_NAMED_MAX = 5;

/**
 * Puts the plan's nodes into its waves: each node into the first wave whose selector takes it and that has room.
 * The same fleet gives the same waves: nodes are taken by name.
 */
export function planWaves(plan: Plan, nodes: readonly NodeRecord[]): PlannedWaves {
  const selected = nodes.filter((node) => matches(plan.select, node)).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const free = new Set(selected);
  const waves = plan.waves.map(({ name, select, most, soakMs }): FrozenWave => {
    const fitting = [...free].filter((node) => matches(select, node));
    const taken = most === null ? fitting : fitting.slice(0, resolveShare(most, selected.length));
    for (const node of taken) free.delete(node);
    return { name, nodes: taken.map((node) => node.name), soakMs, needsAll: false };
  });
  return { waves, problems: findProblems(plan, waves, selected, [...free]) };
}

export function matches(selector: Selector, node: NodeRecord): boolean {
  return Object.entries(selector.labels).every(([label, value]) => node.labels[label] === value);
}

function findProblems(plan: Plan, waves: readonly FrozenWave[], selected: readonly NodeRecord[], left: readonly NodeRecord[]): readonly WaveProblem[] {
  if (selected.length === 0) {
    const message = `no enrolled node has the labels ${labelsOf(plan.select)}; \`farrier node ls\` shows which labels nodes have`;
    return [{ path: 'spec.select', code: 'no-node-selected', message }];
  }
  if (waves.length === 0) return [{ path: 'spec.waves', code: 'no-wave', message: 'the plan has no wave; add one that takes the nodes' }];
  const problems = waves.flatMap((wave, index): WaveProblem[] => {
    const path = `spec.waves[${index}]`;
    if (waves.findIndex(({ name }) => name === wave.name) < index) {
      return [{ path: `${path}.name`, code: 'wave-named-twice', message: `another wave is named ${wave.name} too; give each a name of its own` }];
    }
    if (wave.nodes.length > 0) return [];
    return [{ path, code: 'empty-wave', message: `wave ${wave.name} takes no node: ${whyEmpty(plan.waves[index]?.select)}` }];
  });
  if (left.length === 0) return problems;
  const message = `${left.length} nodes are taken by no wave (${namesOf(left)}); let the last wave take every node that is left, or narrow spec.select`;
  return [...problems, { path: 'spec.waves', code: 'node-in-no-wave', message }];
}

function whyEmpty(select: Selector | undefined): string {
  if (Object.keys(select?.labels ?? {}).length === 0) return 'the waves before it take every one; remove it, or let them take fewer';
  return `none that is left has the labels ${labelsOf(select)}; change its selector or remove it`;
}

function labelsOf(selector: Selector | undefined): string {
  const pairs = Object.entries(selector?.labels ?? {}).map(([label, value]) => `${label}=${value}`);
  return pairs.length === 0 ? '(any)' : pairs.join(',');
}

function namesOf(nodes: readonly NodeRecord[]): string {
  const names = nodes.slice(0, NODES_NAMED_MAX).map(({ name }) => name);
  return [...names, ...(nodes.length > NODES_NAMED_MAX ? ['...'] : [])].join(', ');
}
