import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { FactsWatch } from '../../../agent/facts/facts-watch.ts';
import { LiveAgent } from '../../../agent/live-agent.ts';
import type { OpenHost } from '../../../agent/open-host.ts';
import { journalFolder } from '../../../agent/runner/host.ts';
import { JournalReader } from '../../../agent/runner/journal-reader.ts';
import { forgetProved, readProved, writeProved } from '../../../agent/runner/proved-version.ts';
import { AgentBench } from '../../support/agent-bench.ts';
import { BARE_HOST } from '../../support/example-facts.ts';

let bench: AgentBench;
beforeEach(() => {
  bench = new AgentBench();
});
afterEach(() => rmSync(bench.stateDir, { recursive: true, force: true }));

function agentOf(version: string): LiveAgent {
  const boot = { machineId: '', osRelease: '', kernel: '', architecture: 'amd64', bootId: 'boot-1' };
  return new LiveAgent({ ...bench.host, trust: { version: 1 } } as OpenHost, new JournalReader(journalFolder(bench.stateDir), bench.host.journalFiles), bench.units, boot, new FactsWatch(async () => ({ read: async () => BARE_HOST, readMember: async (facts) => facts }), bench.host), version);
}

test('a welcome proves the version, nothing before it does', async () => {
  await writeProved(bench.stateDir, { version: '1.0', bootId: 'boot-1', wallUnixMs: 1 });
  const agent = agentOf('2.0');
  agent.hello();
  expect(readProved(bench.stateDir)?.version).toBe('1.0');
  agent.opened();
  await expect.poll(() => readProved(bench.stateDir)).toEqual({ version: '2.0', bootId: 'boot-1', wallUnixMs: bench.nowMs });
});

test('what was forgotten while the session was open is noted at its next beat', async () => {
  const agent = agentOf('2.0');
  agent.opened();
  await expect.poll(() => readProved(bench.stateDir)?.version).toBe('2.0');
  await forgetProved(bench.stateDir);
  expect(readProved(bench.stateDir)).toBeNull();
  agent.heartbeat();
  await expect.poll(() => readProved(bench.stateDir)?.version).toBe('2.0');
});

test('a file that makes no sense proves nothing, and no session ends for it', async () => {
  for (const text of ['', 'null', '{"version":2}', '{"version":"2.0"}']) {
    writeFileSync(`${bench.stateDir}/proved.json`, text);
    expect(readProved(bench.stateDir)).toBeNull();
  }
  rmSync(bench.stateDir, { recursive: true });
  agentOf('2.0').opened();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(existsSync(bench.stateDir)).toBe(false);
});
