// npm run prove:agent: kills hosts and cuts their power while their agent upgrades itself, to versions that work and that do not.
import { withAgentStage } from './agent-stage.ts';
import type { Inflicted } from './inflict.ts';
import { readProofOptions } from './proof-options.ts';
import { ProofSections } from './proof-sections.ts';
import { AGENT_PATHS, proveAgents } from './prove-agents.ts';

const { seed, only, nodes } = await readProofOptions('prove:agent');
const sections = new ProofSections(only);

for (const inflicted of ['kill', 'crash', 'power cut'] satisfies Inflicted[]) {
  await sections.prove(`${inflicted} while the agent upgrades itself`, async () => await withAgentStage(nodes, 'prove:agent', async (stage) => await proveAgents(stage, AGENT_PATHS, inflicted, seed)));
}

process.exitCode = sections.end();
