import type { z } from 'zod';

import { CONNECT_WITHIN_MIN_MS, STEP_TIMEOUT_MAX_MS } from '../../domain/step-limits.ts';
import type { AgentUpgradeSpec } from '../../domain/step-spec.ts';
import { durationOr, formatDuration } from '../duration.ts';
import { entryOf } from '../loose.ts';
import { duration } from '../number-fields.ts';
import { type Problem, problem } from '../problem.ts';
import { section } from '../section.ts';
import { exactVersion } from '../step-fields.ts';
import { sources } from './packages-step.ts';
import { stepTimeout } from './step-timeout.ts';

const DEFAULT_TIMEOUT_MS = 600_000;
const DEFAULT_CONNECT_WITHIN_MS = 180_000;

export const agentSection = section({
  version: exactVersion,
  sources,
  connectWithin: duration({ min: CONNECT_WITHIN_MIN_MS, max: STEP_TIMEOUT_MAX_MS }).default(DEFAULT_CONNECT_WITHIN_MS),
  timeout: stepTimeout.default(DEFAULT_TIMEOUT_MS),
});

export function compileAgent({ version, sources: from, connectWithin, timeout }: z.infer<typeof agentSection>, nameIt: (wanted: string) => string): AgentUpgradeSpec {
  return { kind: 'agent_upgrade', name: nameIt('agent'), timeoutMs: timeout, version, sources: from, connectWithinMs: connectWithin };
}

/** Two versions of the agent in one plan: only the last would be what it ends with. And a wait beyond the timeout has no end of its own. */
export function checkAgents(steps: readonly unknown[]): readonly Problem[] {
  const agents = steps.flatMap((step, index) => (entryOf(step, 'agent') === undefined ? [] : [{ index, agent: entryOf(step, 'agent') }]));
  return agents.flatMap(({ index, agent }, count) => {
    const path = ['spec', 'steps', index, 'agent'];
    const again = count === 0 ? [] : [problem(path, 'conflict', `upgrades the agent again, after step ${(agents[0]?.index ?? 0) + 1}; a plan does it once`)];
    const connectWithin = durationOr(DEFAULT_CONNECT_WITHIN_MS, entryOf(agent, 'connectWithin'));
    const timeout = durationOr(DEFAULT_TIMEOUT_MS, entryOf(agent, 'timeout'));
    if (connectWithin === null || timeout === null || connectWithin < timeout) return again;
    return [...again, problem([...path, 'timeout'], 'conflict', `connectWithin ${formatDuration(connectWithin)} does not fit into a timeout of ${formatDuration(timeout)}; raise timeout, or lower connectWithin`)];
  });
}
