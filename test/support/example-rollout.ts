import type { Rollout__Output as Rollout, RolloutNode__Output as RolloutNode } from '../../shared/wire/messages.ts';
import { NOON_UNIX_MS } from './cli-run.ts';

export function rolloutNode(node: string, phase: string, more: Partial<RolloutNode> = {}): RolloutNode {
  return { node, wave: 'rest', phase, step: '', reason: '', detail: '', sinceUnixMs: NOON_UNIX_MS - 42_000, generation: 3, ...more };
}

/** In the middle: a canary done, two under way, one reverted, one that waits. */
export const RUNNING: Rollout = {
  id: 'containerd-1-7-4f9a02',
  plan: 'containerd-1-7',
  status: 'running',
  reason: '',
  detail: '',
  nodes: [
    rolloutNode('edge-1', 'done', { wave: 'canary', sinceUnixMs: NOON_UNIX_MS - 300_000 }),
    rolloutNode('edge-2', 'activating', { step: 'packages', reason: 'activating' }),
    rolloutNode('edge-3', 'permitted', { reason: 'waiting-for-agent' }),
    rolloutNode('edge-4', 'reverted', { reason: 'reverted', detail: 'verify-failed containerd.service started again 3 times in 3 s', sinceUnixMs: NOON_UNIX_MS - 100_000 }),
    rolloutNode('edge-5', 'staged', { reason: 'budget-spent', detail: '2 of 2 in rollout containerd-1-7-4f9a02 (edge-2 holds-slot, edge-3 holds-slot)' }),
    rolloutNode('edge-6', 'staging', { step: 'packages', reason: 'staging' }),
    rolloutNode('edge-7', 'waiting', { reason: 'session-lost', sinceUnixMs: NOON_UNIX_MS - 7_200_000 }),
  ],
  budget: 2,
  unavailable: 2,
  unreported: 0,
  slots: 2,
  startedUnixMs: NOON_UNIX_MS - 372_000,
  endedUnixMs: 0,
  rollbackOf: '',
  maxFailures: 1,
  failures: 1,
  outstanding: 1,
  startedBy: 'alice',
  leftMs: 930_000,
  hop: 0,
  hops: 0,
  hopTarget: '',
};

export const HELD: Rollout = {
  ...RUNNING,
  status: 'held',
  reason: 'failure-budget-spent',
  detail: '2 failed, 1 allowed',
  failures: 2,
  outstanding: 0,
  leftMs: 0,
};

export const COMPLETED: Rollout = {
  ...RUNNING,
  status: 'completed',
  nodes: RUNNING.nodes.map((node) => (node.phase === 'reverted' ? node : { ...node, phase: 'done', step: '', reason: '', detail: '' })),
  unavailable: 0,
  slots: 0,
  outstanding: 0,
  endedUnixMs: NOON_UNIX_MS,
  leftMs: 0,
};
