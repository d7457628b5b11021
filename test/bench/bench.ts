// npm run bench: what an agent costs beside bare Node, what a coordinator costs with many of them, and what taking and sealing a
// snapshot costs beside the programs for it. Ratios hold from one machine to another, absolute numbers do not.
// Options: --only agent, coordinator or snapshot, --agents N (1000), --pairs N (9), --window-s N (30), --seal-mb N (1000), --seal-pairs N (5), --json.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { agentFlags, benchFleet } from './bench-fleet.ts';
import type { BenchFleet } from './bench-fleet.ts';
import { measureSeal, measureSnapshots, type SealFigures } from './bench-seal.ts';
import { startProgram } from './measured-program.ts';
import { median } from './median.ts';
import { costOf } from './process-cost.ts';
import type { ProcessCost } from './process-cost.ts';

/** The first garbage collection is over and the last module loaded. */
const settleMs = 5_000;
const startMaxMs = 30_000;
const loadMaxMs = 5 * 60_000;
/** Of a process that takes a snapshot and ends, which never is the agent's own: compiled, and without the agent's limit on its heap, which makes V8 collect all the time. */
const SNAPSHOT_FLAGS = ['--max-semi-space-size=1'];

const { values } = parseArgs({ options: { only: { type: 'string' }, agents: { type: 'string', default: '1000' }, pairs: { type: 'string', default: '9' }, 'window-s': { type: 'string', default: '30' }, 'seal-mb': { type: 'string', default: '1000' }, 'seal-pairs': { type: 'string', default: '5' }, json: { type: 'boolean', default: false } } });
const wants = (part: 'agent' | 'coordinator' | 'snapshot'): boolean => values.only === undefined || values.only === part;
const say = (line: string): void => {
  if (!values.json) console.log(line);
};

const fleet = await benchFleet();
try {
  const agent = wants('agent') ? await measureAgent(fleet, Number(values.pairs)) : null;
  const coordinator = wants('coordinator') ? await measureCoordinator(fleet, Number(values.agents), Number(values['window-s']) * 1000) : null;
  const snapshots = wants('snapshot') ? await showSnapshots(fleet, Number(values['seal-mb']), Number(values['seal-pairs'])) : null;
  if (values.json) console.log(JSON.stringify({ node: process.versions.node, agent, coordinator, ...snapshots }, null, 2));
} finally {
  fleet.destroy();
}

/** Bare and agent in turns, so that whatever else the machine does falls on both. */
async function measureAgent({ folder, node, enroll, startCoordinator }: BenchFleet, pairs: number) {
  const bare = join(folder, 'bare.mjs');
  writeFileSync(bare, "console.log('up');\nsetInterval(() => undefined, 1000);\n");
  const coordinator = await startCoordinator();
  try {
    const agent = await enroll('bench-single');
    const runs: { readonly bareMs: number; readonly agentMs: number; readonly bareCost: ProcessCost; readonly agentCost: ProcessCost }[] = [];
    for (let pair = 0; pair < pairs; pair += 1) {
      // The same flags: what is compared is the agent's own part.
      const one = await startAndMeasure([node, ...agentFlags(), bare], /^up$/);
      const other = await startAndMeasure(agent, /session open/);
      runs.push({ bareMs: one.startMs, bareCost: one.cost, agentMs: other.startMs, agentCost: other.cost });
    }
    const middle = (pick: (run: (typeof runs)[number]) => number): number => round(median(runs.map(pick)));
    const result = {
      pairs,
      bare: { startMs: middle(({ bareMs }) => bareMs), rssMb: middle(({ bareCost }) => bareCost.rssMb), privateMb: middle(({ bareCost }) => bareCost.privateMb) },
      agent: { startMs: middle(({ agentMs }) => agentMs), rssMb: middle(({ agentCost }) => agentCost.rssMb), privateMb: middle(({ agentCost }) => agentCost.privateMb), cpuMs: middle(({ agentCost }) => agentCost.cpuMs) },
      startRatio: middle(({ agentMs, bareMs }) => agentMs / bareMs),
      rssRatio: middle(({ agentCost, bareCost }) => agentCost.rssMb / bareCost.rssMb),
    };
    say(`agent, connected and idle (median of ${pairs} pairs, Node ${process.versions.node})`);
    say(`  resident   ${result.agent.rssMb} MB beside ${result.bare.rssMb} MB of bare Node: ${result.rssRatio} times`);
    say(`  start      ${result.agent.startMs} ms to its open session beside ${result.bare.startMs} ms to the first line of bare Node: ${result.startRatio} times`);
    say(`  CPU        ${result.agent.cpuMs} ms until ${settleMs / 1000} s after its session was open`);
    say('  (private memory is not compared: the runtime\'s pages count as private while only one process has them)');
    return result;
  } finally {
    await coordinator.stop();
  }
}

async function startAndMeasure(argv: readonly string[], up: RegExp): Promise<{ readonly startMs: number; readonly cost: ProcessCost }> {
  const program = startProgram(argv);
  try {
    const { afterMs } = await program.said(up, startMaxMs);
    await sleep(settleMs);
    return { startMs: afterMs, cost: costOf(program.pid) };
  } finally {
    await program.stop();
  }
}

async function measureCoordinator({ enrollAddress, linkAddress, startCoordinator, token }: BenchFleet, agents: number, windowMs: number) {
  let coordinator = await startCoordinator();
  let load: ReturnType<typeof startProgram> | null = null;
  try {
    const { token: secret, caHash } = await token(agents);
    const beforeEnrolling = costOf(coordinator.pid);
    load = startProgram([process.execPath, fileURLToPath(new URL('agent-load.ts', import.meta.url)), String(agents), enrollAddress, linkAddress, secret, caHash]);
    const enrolled = JSON.parse((await load.said(/"enrolled"/, loadMaxMs)).line) as { readonly elapsedMs: number };
    const afterEnrolling = costOf(coordinator.pid);
    // What enrolling left behind is not what a connected agent costs.
    await coordinator.stop();
    coordinator = await startCoordinator();
    await sleep(settleMs);
    const idle = costOf(coordinator.pid);
    load.signal('SIGUSR2');
    const connected = JSON.parse((await load.said(/"connected"/, loadMaxMs)).line) as { readonly elapsedMs: number };
    const after = costOf(coordinator.pid);
    await sleep(settleMs);
    const first = costOf(coordinator.pid);
    const windowStartedMs = performance.now();
    await sleep(windowMs);
    const last = costOf(coordinator.pid);
    const elapsedMs = performance.now() - windowStartedMs;
    const result = {
      agents,
      idleRssMb: round(idle.rssMb),
      rssMb: round(last.rssMb),
      perAgentKb: round(((last.privateMb - idle.privateMb) * 1024) / agents),
      enrollCpuMs: round((afterEnrolling.cpuMs - beforeEnrolling.cpuMs) / agents),
      enrollElapsedMs: enrolled.elapsedMs,
      connectCpuMs: round((after.cpuMs - idle.cpuMs) / agents),
      connectElapsedMs: connected.elapsedMs,
      cpuPercent: round(((last.cpuMs - first.cpuMs) / elapsedMs) * 100),
      cpuPerAgentMsPerMinute: round(((last.cpuMs - first.cpuMs) / elapsedMs) * (60_000 / agents)),
    };
    say(`\ncoordinator with ${agents} agents over mutual TLS (SQLite)`);
    say(`  resident   ${result.idleRssMb} MB alone, ${result.rssMb} MB with all connected: ${result.perAgentKb} KB an agent`);
    say(`  idle CPU   ${result.cpuPercent} % of a core over ${Math.round(windowMs / 1000)} s of heartbeats: ${result.cpuPerAgentMsPerMinute} ms an agent and minute`);
    say(`  enroll     ${result.enrollCpuMs} ms of CPU an agent (all in ${result.enrollElapsedMs} ms)`);
    say(`  connect    ${result.connectCpuMs} ms of CPU an agent (all in ${result.connectElapsedMs} ms, spread as agents spread themselves)`);
    return result;
  } finally {
    await load?.stop();
    await coordinator.stop();
  }
}

async function showSnapshots({ node }: BenchFleet, sizeMb: number, pairs: number) {
  const program = [node, ...SNAPSHOT_FLAGS];
  const seal = await measureSeal(program, sizeMb, pairs);
  sayOfSeal('a file as of a datastore', 'cp', seal);
  const { plain, sealed: sealedSnapshot } = await measureSnapshots(program, sizeMb, pairs);
  say(`\na snapshot of a member of etcd of ${sizeMb} MB, as it is (median of ${pairs} pairs; every byte hashed, synced)`);
  say(`  time       ${plain.oursMs} ms, ${plain.cpuMs} ms of CPU, beside ${plain.programsMs} ms of etcdctl snapshot save, which hashes none: ${plain.wallRatio} times`);
  say(`  memory     ${plain.peakMb} MB at most`);
  sayOfSeal('a snapshot of a member of etcd', 'etcdctl snapshot save', sealedSnapshot);
  return { seal, snapshot: plain, sealedSnapshot };
}

function sayOfSeal(what: string, read: string, { sizeMb, sealedMb, pairs, oursMs, programsMs, wallRatio, cpuMs, peakMb }: SealFigures): void {
  say(`\n${what} of ${sizeMb} MB, sealed in one stream (median of ${pairs} pairs; hashed, compressed to ${sealedMb} MB, encrypted, synced)`);
  say(`  time       ${oursMs} ms, ${cpuMs} ms of CPU, beside ${programsMs} ms of ${read}, zstd -1 and sha256sum, which do not encrypt: ${wallRatio} times`);
  say(`  memory     ${peakMb} MB at most`);
}

function round(value: number): number {
  return value >= 100 ? Math.round(value) : Math.round(value * 100) / 100;
}
