import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';

import { FactsWatch } from '../../../agent/facts/facts-watch.ts';
import { LiveAgent } from '../../../agent/live-agent.ts';
import type { OpenHost } from '../../../agent/open-host.ts';
import { journalFolder } from '../../../agent/runner/host.ts';
import { JournalReader } from '../../../agent/runner/journal-reader.ts';
import type { AgentMessage } from '../../../shared/wire/messages.ts';
import { AgentBench } from '../../support/agent-bench.ts';
import { BARE_HOST } from '../../support/example-facts.ts';

const bench = new AgentBench();
afterEach(() => rmSync(bench.stateDir, { recursive: true, force: true }));

test('a journal that broke while the session was open is told to the coordinator, not only to the host’s log', async () => {
  const folder = journalFolder(bench.stateDir);
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/journal.id`, 'j\n');
  writeFileSync(`${folder}/journal.log`, '00000000 {}\n00000000 {}\n');
  const boot = { machineId: '', osRelease: '', kernel: '', architecture: 'amd64' };
  const agent = new LiveAgent(bench.host as OpenHost, new JournalReader(folder, bench.host.journalFiles), bench.units, boot as ConstructorParameters<typeof LiveAgent>[3], new FactsWatch(async () => ({ read: async () => BARE_HOST, readMember: async (facts) => facts }), bench.host), 'v');
  const replies: AgentMessage[] = [];
  await agent.received({ assignment: bench.assignment() }, (message) => void replies.push(message));
  expect(replies).toEqual([{ refusal: { rollout: '', generation: 0, reason: 'internal-error', detail: expect.stringMatching(/journal\.log:1 cannot be trusted.*check the disk/) as string } }]);
  expect(bench.asked).toEqual([]);
});
