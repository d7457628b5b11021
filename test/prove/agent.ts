// npm run prove:agent: kills hosts and cuts their power while their agent upgrades itself, to versions that work and that do not.
import { readProofOptions } from './proof-options.ts';
import { ProofSections } from './proof-sections.ts';
import { withAgentStage } from './agent-stage.ts';
import { type AgentPath, AGENT_PATHS, hitAgentBoundaries, hitAgentsAtRandom, readAgentBoundaries } from './prove-agents.ts';
import type { Inflicted } from './inflict.ts';
import { say } from './say.ts';

const { seed, only, nodes } = await readProofOptions('prove:agent');
const sections = new ProofSections(only);

for (const path of Object.keys(AGENT_PATHS) as AgentPath[]) {
  for (const inflicted of ['kill', 'crash', 'power cut'] satisfies Inflicted[]) {
    await sections.prove(`${inflicted} while the agent is upgraded to a version that ${path}`, async () =>
      await withAgentStage(nodes, 'prove:agent', async (stage) => {
        const boundaries = await readAgentBoundaries(stage, path);
        const lines = [...(await hitAgentBoundaries(stage, path, boundaries, inflicted)), ...(await hitAgentsAtRandom(stage, path, inflicted, seed))];
        say(lines.join('\n'));
        return `${lines.length} instants, every host has a working agent`;
      }),
    );
  }
}

process.exitCode = sections.end();
