import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordKind } from '../../shared/domain/journal-record.ts';
import { BROKEN_PACKAGE, CANNOT_CONNECT, CANNOT_START, GOOD, OLD } from '../fleet/agent-versions.ts';
import type { Host } from '../fleet/host.ts';
import { seededDice } from '../support/seeded-dice.ts';
import { type AgentStage, beginAgent, settleAgent, versionInUse } from './agent-stage.ts';
import { boundariesOf, type Boundary } from './boundary.ts';
import { arm, disarm, waitUntilHalted } from './halt.ts';
import { readJournal } from './host-journal.ts';
import { inflict, type Inflicted } from './inflict.ts';
import { failed } from './play-path.ts';
import { ProofFailed } from './proof-failed.ts';
import { say } from './say.ts';
import { dpkgRuns } from './unit-processes.ts';

/** What the agent is upgraded to; to what works, from either of two versions to the other. */
const BROKEN = { 'cannot start': CANNOT_START, 'cannot connect': CANNOT_CONNECT, 'breaks its package': BROKEN_PACKAGE } as const;
export type AgentPath = keyof typeof BROKEN | 'works';
export const AGENT_PATHS = ['works', 'cannot start', 'cannot connect', 'breaks its package'] as const satisfies readonly AgentPath[];

/** One upgrade of one host's agent, and what is done to the host meanwhile. */
interface AgentCase {
  readonly path: AgentPath;
  /** Where it is done: at a record of the journal, so long after dpkg first ran, or nowhere. */
  readonly at: Boundary | number | null;
}

const HALT_MAX_MS = 400_000;
const DPKG_MAX_MS = 400_000;
const LOOK_EVERY_MS = 15;
/** From the first unpacking to the end of the proof, or to the end of going back. */
const DELAY_MAX_MS = 15_000;
/** At so many random instants each way is hit, beside every boundary. */
const RANDOM_PER_PATH = 1;

/** Before `begin` nothing of the agent is changed yet: prove:crash and prove:powercut strike there. */
const FROM_BEGIN: readonly RecordKind[] = ['begin', 'prior', 'applied', 'verified', 'reverting', 'reverted', 'done'];

/**
 * Upgrades agents along these paths: with nothing going wrong, hit at both sides of every record of the journal from `begin`
 * on, and at random instants. @returns what was seen, in a few words. @throws ProofFailed
 */
export async function proveAgents(stage: AgentStage, paths: readonly AgentPath[], inflicted: Inflicted, seed: number): Promise<string> {
  const dice = seededDice(seed);
  const clean = await playCases(stage, paths.map((path) => ({ path, at: null })), inflicted);
  const boundaries = clean.flatMap(({ path, records }) => boundariesOf('upgrade', records.filter(({ kind }) => FROM_BEGIN.includes(kind))).map((at) => ({ path, at })));
  const random = paths.flatMap((path) => Array.from({ length: RANDOM_PER_PATH }, () => ({ path, at: dice.int(0, DELAY_MAX_MS) })));
  const hit = await playCases(stage, [...boundaries, ...random], inflicted);
  return `${paths.length} ways with nothing going wrong, ${boundaries.length} boundaries and ${random.length} random instants; ${hit.filter(({ end }) => end === 'new').length} ended new, ${hit.filter(({ end }) => end === 'old').length} old; every host has a working agent`;
}

type Played = Awaited<ReturnType<typeof playCase>>;

/** Each host takes the next case when it is through with one; one that fails takes no more. */
async function playCases(stage: AgentStage, cases: readonly AgentCase[], inflicted: Inflicted): Promise<readonly Played[]> {
  const waiting = [...cases];
  const played: Played[] = [];
  const failures: ProofFailed[] = [];
  const lane = async (host: Host): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) played.push(await playCase(stage, host, next, inflicted));
  };
  await Promise.all(
    stage.nodes.map(async (host) => {
      await lane(host).catch((error: unknown) => {
        if (!(error instanceof ProofFailed)) throw error;
        failures.push(error);
      });
    }),
  );
  if (failures.length > 0) throw new ProofFailed(failures.flatMap(({ problems }) => problems), failures.map(({ details }) => details).join('\n'));
  return played;
}

async function playCase(stage: AgentStage, host: Host, { path, at }: AgentCase, inflicted: Inflicted) {
  const startedMs = performance.now();
  const before = await versionInUse(host);
  const target = path === 'works' ? (before === OLD ? GOOD : OLD) : BROKEN[path];
  if (isBoundary(at)) await arm(host, at);
  const rollout = await beginAgent(stage, host, target);
  const missed = await harm(host, at, inflicted);
  if (missed !== '') throw await failed({ nodes: [host] }, rollout, [`${host.name} ${missed}`]);
  const end = await settleAgent(stage, host, rollout, { before, target });
  const title = at === null ? 'nothing happened' : `${inflicted} ${isBoundary(at) ? `${at.side} ${at.label}` : `${at} ms after dpkg began`}`;
  say(`  ${path.padEnd(18)} ${title.padEnd(40)} ${end}  ${((performance.now() - startedMs) / 1000).toFixed(1).padStart(6)} s  ${host.name}`);
  return { path, end, records: (await readJournal(host)).filter((record) => record.rollout === rollout) };
}

/** @returns '' or why it could not be done. */
async function harm(host: Host, at: AgentCase['at'], inflicted: Inflicted): Promise<string> {
  if (at === null) return '';
  if (isBoundary(at) && !(await waitUntilHalted(host, HALT_MAX_MS))) {
    await disarm(host);
    return `never came to ${at.side} ${at.label}`;
  }
  if (!isBoundary(at)) {
    if (!(await waitForDpkg(host))) return 'never ran dpkg';
    await sleep(at);
  }
  await inflict(host, inflicted);
  return '';
}

function isBoundary(at: AgentCase['at']): at is Boundary {
  return typeof at === 'object' && at !== null;
}

async function waitForDpkg(host: Host): Promise<boolean> {
  for (const deadline = performance.now() + DPKG_MAX_MS; performance.now() < deadline; await sleep(LOOK_EVERY_MS)) {
    if (dpkgRuns(host)) return true;
  }
  return false;
}
