import type { Generation, NodeName } from '../../shared/domain/ids.ts';
import type { DrainBlock } from '../ports/drain.ts';
import { lastAnswer } from './draining.ts';
import type { World } from './world.ts';

const PODS_NAMED_MAX = 3;

interface DrainCause {
  readonly reason: 'draining' | 'drain-blocked' | 'cordon-failed';
  /** The pod that stays, or what the cluster named. */
  readonly object: string;
  readonly detail: string;
}

/** How the drain of a node that holds its slot stands, as people are told. */
export function describeDrain(world: World, node: NodeName, generation: Generation): DrainCause {
  const last = lastAnswer(world, node, generation);
  if (last === null) return { reason: 'draining', object: node, detail: '' };
  if (!last.ok) return { reason: 'cordon-failed', object: last.object === '' ? node : last.object, detail: `${last.code} ${last.message}` };
  if (last.state === 'blocked') return { reason: 'drain-blocked', object: last.blocks[0]?.pod ?? node, detail: named(last.blocks.map(describeBlock)) };
  return { reason: 'draining', object: node, detail: last.state === 'leaving' ? named(last.pods) : '' };
}

function describeBlock({ pod, code, budget, message }: DrainBlock): string {
  switch (code) {
    case 'budget':
      return `${pod} (${budget === '' ? 'a disruption budget' : `disruption budget ${budget}`}: ${message})`;
    case 'budgets-conflict':
      return `${pod} (more than one disruption budget takes it, so that none lets it go)`;
    case 'unmanaged':
      return `${pod} (no controller would make it again)`;
    case 'refused':
      return `${pod} (${message})`;
  }
}

function named(pods: readonly string[]): string {
  const rest = pods.length - PODS_NAMED_MAX;
  return `${pods.slice(0, PODS_NAMED_MAX).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
