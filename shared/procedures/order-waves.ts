import type { NodeName, WaveName } from '../domain/ids.ts';
import type { FrozenWave } from '../domain/plan.ts';
import type { Hop } from './composition.ts';

/**
 * The waves of one hop: the plan's, narrowed to the nodes that the hop takes, with the control planes of each cluster
 * before everything else of it. They move up to the first wave that has any node of their cluster: no worker may run what
 * its API server does not know (I4). The last part of a wave keeps its name and its soak.
 *
 * @param isLast nothing comes after this hop that needs every one of its nodes.
 */
export function orderWaves(waves: readonly FrozenWave[], hop: Hop, clusterOf: (node: NodeName) => string, isLast: boolean): readonly FrozenWave[] {
  const names = new Set(waves.map(({ name }) => name));
  const taken = waves.map((wave) => wave.nodes.filter((node) => hop.steps.has(node)));
  const { first, controlPlane } = hop.order;
  const ahead = taken.flat().filter((node) => first.has(node) || controlPlane.has(node));
  const placed = new Set<NodeName>();
  return waves.flatMap((wave, index): readonly FrozenWave[] => {
    const clusters = new Set(taken[index]?.map(clusterOf));
    const due = ahead.filter((node) => clusters.has(clusterOf(node)) && !placed.has(node));
    for (const node of due) placed.add(node);
    const others = taken[index]?.filter((node) => !ahead.includes(node)) ?? [];
    const parts = [
      { suffix: 'first-control-plane', nodes: due.filter((node) => first.has(node)), needsAll: true },
      { suffix: 'control-plane', nodes: due.filter((node) => controlPlane.has(node)), needsAll: true },
      { suffix: 'others', nodes: others, needsAll: !isLast },
    ].filter(({ nodes }) => nodes.length > 0);
    return parts.map(({ suffix, nodes, needsAll }, at): FrozenWave => {
      const keeps = at === parts.length - 1;
      return { name: keeps ? wave.name : freeName(`${wave.name}-${suffix}`, names), nodes, soakMs: keeps ? wave.soakMs : 0, needsAll };
    });
  });
}

function freeName(wanted: string, names: Set<WaveName>): WaveName {
  let name = wanted;
  for (let number = 2; names.has(name); number += 1) name = `${wanted}-${number}`;
  names.add(name);
  return name;
}
