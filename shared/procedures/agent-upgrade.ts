import type { AgentUpgrade } from '../domain/procedure.ts';
import { AGENT_PACKAGE } from '../domain/step-spec.ts';
import { composeSteps } from './compose-steps.ts';
import { type ComposedStep, type Hop, oneHop, type ProcedureNode } from './composition.ts';

/** By what the agent says of itself; one that is away is judged by the facts that it told last. */
export function planAgentUpgrade(procedure: AgentUpgrade, nodes: readonly ProcedureNode[]): readonly Hop[] {
  return oneHop(nodes, (node) => compose(procedure, node));
}

function compose({ version, sources }: AgentUpgrade, { agent, facts }: ProcedureNode): readonly ComposedStep[] {
  const runs = agent?.version ?? facts?.packages[AGENT_PACKAGE];
  if (runs === version) return [];
  const because = runs === undefined ? 'nobody tells which agent runs' : `the agent is ${runs}`;
  return composeSteps([{ name: 'agent', agent: { version, sources: [...sources] }, because }]);
}
