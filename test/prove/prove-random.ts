import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../fleet/host.ts';
import { type Dice, seededDice } from '../support/seeded-dice.ts';
import type { Path } from './boundary.ts';
import { inflict, type Inflicted } from './inflict.ts';
import { beginPath, failed, settlePath } from './play-path.ts';
import type { ProofStage } from './proof-stage.ts';
import { say } from './say.ts';
import { dpkgRuns } from './unit-processes.ts';

const DPKG_MAX_MS = 120_000;
const LOOK_EVERY_MS = 15;
const GAP_MS = 500;
/** dpkg runs for about as long on these packages. */
const DELAY_MAX_MS = 700;

/** Hits every host at a random instant while dpkg runs: going up, going back, and reverting. @returns how many hosts were hit. */
export async function proveRandomInstants(stage: ProofStage, inflicted: Inflicted, rounds: number, seed: number): Promise<number> {
  const dice = seededDice(seed);
  const paths: readonly Path[] = ['upgrade', 'rollback', 'revert'];
  for (let round = 0; round < rounds; round += 1) {
    for (const path of paths) await playRandomRound(stage, path, inflicted, dice);
  }
  return rounds * paths.length * stage.nodes.length;
}

async function playRandomRound(stage: ProofStage, path: Path, inflicted: Inflicted, dice: Dice): Promise<void> {
  const startedMs = performance.now();
  // On its way to 3.0 dpkg runs going there and coming back.
  const plans = stage.nodes.map((host) => ({ host, run: path === 'revert' ? dice.int(1, 2) : 1, delayMs: dice.int(0, DELAY_MAX_MS) }));
  const rollout = await beginPath(stage, path);
  const missed = await Promise.all(
    plans.map(async ({ host, run, delayMs }) => {
      if (!(await waitForDpkg(host, run))) return [`${host.name} never ran dpkg`];
      await sleep(delayMs);
      await inflict(host, inflicted);
      return [];
    }),
  );
  if (missed.flat().length > 0) throw await failed(stage, rollout, missed.flat());
  await settlePath(stage, path, rollout);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  say(`  ${path.padEnd(9)} ${seconds.padStart(5)} s  ${inflicted} ${plans.map(({ run, delayMs }) => `${delayMs} ms into dpkg${run === 2 ? ' of the revert' : ''}`).join(', ')}`);
}

/** Waits for the so manieth transaction of dpkg: what it runs for one of them follows one another closely. */
async function waitForDpkg(host: Host, run: number): Promise<boolean> {
  let seen = 0;
  let lastMs = -Infinity;
  for (const deadline = performance.now() + DPKG_MAX_MS; performance.now() < deadline; await sleep(LOOK_EVERY_MS)) {
    if (!dpkgRuns(host)) continue;
    if (performance.now() - lastMs > GAP_MS) seen += 1;
    lastMs = performance.now();
    if (seen === run) return true;
  }
  return false;
}
