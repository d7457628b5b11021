import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordKind } from '../../shared/domain/journal-record.ts';
import { BROKEN_PACKAGE, CANNOT_CONNECT, CANNOT_START, GOOD, OLD } from '../fleet/agent-versions.ts';
import type { Host } from '../fleet/host.ts';
import { seededDice } from '../support/seeded-dice.ts';
import { type AgentStage, beginAgents, settleAgents, versionsInUse } from './agent-stage.ts';
import { boundariesOf, type Boundary } from './boundary.ts';
import { arm, disarm, waitUntilHalted } from './halt.ts';
import { readJournal } from './host-journal.ts';
import { inflict, type Inflicted } from './inflict.ts';
import { failed } from './play-path.ts';
import { say } from './say.ts';
import { dpkgRuns } from './unit-processes.ts';

/** What the agent is upgraded to, and what a host that nothing happens to ends as. */
export const AGENT_PATHS = { works: GOOD, 'cannot start': CANNOT_START, 'cannot connect': CANNOT_CONNECT, 'breaks its package': BROKEN_PACKAGE } as const;
export type AgentPath = keyof typeof AGENT_PATHS;

const HALT_MAX_MS = 400_000;
const DPKG_MAX_MS = 400_000;
const LOOK_EVERY_MS = 15;
/** From the first unpacking to the end of the proof, or to the end of going back. */
const DELAY_MAX_MS = 15_000;

/** Before `begin` nothing of the agent is changed yet: prove:crash and prove:powercut strike there. */
const FROM_BEGIN: readonly RecordKind[] = ['begin', 'prior', 'applied', 'verified', 'reverting', 'reverted', 'done'];

/** Walks a path with nothing going wrong. @returns both sides of every record from `begin` on. */
export async function readAgentBoundaries(stage: AgentStage, path: AgentPath): Promise<readonly Boundary[]> {
  await play(stage, path, 'nothing happened', async () => []);
  const [host] = stage.nodes;
  const records = host === undefined ? [] : await readJournal(host);
  const last = records.at(-1)?.generation;
  await goBack(stage);
  return boundariesOf('upgrade', records.filter(({ generation, kind }) => generation === last && FROM_BEGIN.includes(kind)));
}

/** Hits hosts at these boundaries, a host a boundary, and takes them back to where they were. @returns lines for a table. @throws ProofFailed */
export async function hitAgentBoundaries(stage: AgentStage, path: AgentPath, boundaries: readonly Boundary[], inflicted: Inflicted): Promise<readonly string[]> {
  const lines: string[] = [];
  for (let from = 0; from < boundaries.length; from += stage.nodes.length) {
    const round = stage.nodes.flatMap((host, index) => {
      const boundary = boundaries[from + index];
      return boundary === undefined ? [] : [{ host, boundary }];
    });
    for (const { host, boundary } of round) await arm(host, boundary);
    const title = `${inflicted} ${round.map(({ boundary }) => `${boundary.side} ${boundary.label}`).join(', ')}`;
    const ends = await play(stage, path, title, async () => (await Promise.all(round.map(({ host, boundary }) => hitAt(host, boundary, inflicted)))).flat());
    for (const { host, boundary } of round) lines.push(`  ${path.padEnd(18)} ${inflicted.padEnd(10)} ${`${boundary.side} ${boundary.label}`.padEnd(28)} ${ends.get(host.name) ?? '-'}`);
    await goBack(stage);
  }
  return lines;
}

/** Hits every host at a random instant from when dpkg first runs. @returns lines for a table. @throws ProofFailed */
export async function hitAgentsAtRandom(stage: AgentStage, path: AgentPath, inflicted: Inflicted, seed: number): Promise<readonly string[]> {
  const dice = seededDice(seed);
  const plans = stage.nodes.map((host) => ({ host, delayMs: dice.int(0, DELAY_MAX_MS) }));
  const title = `${inflicted} ${plans.map(({ delayMs }) => `${delayMs} ms after dpkg began`).join(', ')}`;
  const ends = await play(stage, path, title, async () =>
    (
      await Promise.all(
        plans.map(async ({ host, delayMs }) => {
          if (!(await waitForDpkg(host))) return [`${host.name} never ran dpkg`];
          await sleep(delayMs);
          await inflict(host, inflicted);
          return [];
        }),
      )
    ).flat(),
  );
  await goBack(stage);
  return plans.map(({ host, delayMs }) => `  ${path.padEnd(18)} ${inflicted.padEnd(10)} ${`${delayMs} ms after dpkg began`.padEnd(28)} ${ends.get(host.name) ?? '-'}`);
}

async function play(stage: AgentStage, path: AgentPath, title: string, harm: () => Promise<readonly string[]>): Promise<ReadonlyMap<string, 'new' | 'old'>> {
  const startedMs = performance.now();
  const before = await versionsInUse(stage);
  const rollout = await beginAgents(stage, AGENT_PATHS[path]);
  const missed = await harm();
  if (missed.length > 0) throw await failed(stage, rollout, missed);
  const ends = await settleAgents(stage, rollout, before, AGENT_PATHS[path]);
  say(`  ${path.padEnd(18)} ${((performance.now() - startedMs) / 1000).toFixed(1).padStart(5)} s  ${title}: ${[...ends.values()].join(', ')}`);
  return ends;
}

async function goBack(stage: AgentStage): Promise<void> {
  const before = await versionsInUse(stage);
  if ([...before.values()].every((version) => version === OLD)) return;
  await settleAgents(stage, await beginAgents(stage, OLD), before, OLD);
}

async function hitAt(host: Host, { side, label }: Boundary, inflicted: Inflicted): Promise<readonly string[]> {
  if (await waitUntilHalted(host, HALT_MAX_MS)) {
    await inflict(host, inflicted);
    return [];
  }
  await disarm(host);
  return [`${host.name} never came to ${side} ${label}`];
}

async function waitForDpkg(host: Host): Promise<boolean> {
  for (const deadline = performance.now() + DPKG_MAX_MS; performance.now() < deadline; await sleep(LOOK_EVERY_MS)) {
    if (dpkgRuns(host)) return true;
  }
  return false;
}
