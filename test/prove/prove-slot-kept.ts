import { setTimeout as sleep } from 'node:timers/promises';
import { startChecker } from '../fleet/checker.ts';
import { arm, letGoOn, waitUntilAnyHalted } from './halt.ts';
import { beginPath, failed, settlePath } from './play-path.ts';
import type { ProofStage } from './proof-stage.ts';
import { readPaths } from './prove-boundaries.ts';
import { SERVICE } from './sample-packages.ts';
import { say } from './say.ts';

const HALT_MAX_MS = 120_000;
/** Longer than the mutation waits before it returns a slot (coordinator/core/rules.ts), and the next host then needs on a busy machine. */
const STANDS_STILL_MS = 75_000;

/** A host stands still with its service down, its agent connected: time must not free its slot for the next host. */
export async function proveSlotKept(stage: ProofStage): Promise<void> {
  const { revert } = await readPaths(stage);
  const boundary = revert.find(({ label, side }) => label === 'reverting restart' && side === 'before');
  if (boundary === undefined) throw new Error('no reverting restart in the journal');
  const checker = startChecker({ hosts: stage.nodes, faults: stage.farrier.fleet.faults, units: [SERVICE] });
  // Whichever is staged first goes first.
  for (const node of stage.nodes) await arm(node, boundary);
  const rollout = await beginPath(stage, 'revert');
  if (!(await waitUntilAnyHalted(stage.nodes, HALT_MAX_MS))) throw new Error('no host ever came to its revert');
  await sleep(STANDS_STILL_MS);
  for (const node of stage.nodes) await letGoOn(node);
  await settlePath(stage, 'revert', rollout);
  const { greatestAtOnce, intervals } = await checker.stop();
  const atOnce = greatestAtOnce.oursOrUnexplained.certain;
  if (atOnce > stage.maxUnavailable) throw await failed(stage, rollout, [`${atOnce} hosts were down at once, ${stage.maxUnavailable} may be`, ...intervals.map((interval) => JSON.stringify(interval))]);
  if (greatestAtOnce.ours.certain === 0) throw await failed(stage, rollout, ['the checker saw no host go down: it proves nothing']);
  say(`  a host stood still for ${STANDS_STILL_MS / 1000} s with its service down; at most ${atOnce} of ${stage.nodes.length} hosts down at once (allowed: ${stage.maxUnavailable})`);
}
