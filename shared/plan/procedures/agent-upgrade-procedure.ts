import type { z } from 'zod';

import type { AgentUpgrade } from '../../domain/procedure.ts';
import { section } from '../section.ts';
import { agentSection } from '../steps/agent-step.ts';

const { version, sources } = agentSection.shape;

export const agentUpgradeProcedure = section({ version, sources });

export function compileAgentUpgrade(written: z.infer<typeof agentUpgradeProcedure>): AgentUpgrade {
  return { kind: 'agent-upgrade', ...written };
}
