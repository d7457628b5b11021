import { setTimeout as sleep } from 'node:timers/promises';
import { type Checker, startChecker } from '../fleet/checker.ts';
import { killExactly } from '../fleet/process-identity.ts';
import type { Host } from '../fleet/host.ts';
import { seededDice } from '../support/seeded-dice.ts';
import type { Path } from './boundary.ts';
import { readJournal } from './host-journal.ts';
import { beginPath, failed, settlePath } from './play-path.ts';
import type { ProofStage } from './proof-stage.ts';
import { SERVICE } from './sample-packages.ts';
import { say } from './say.ts';
import { unitProcesses } from './unit-processes.ts';

const DATA_FOLDER = '/var/lib/farrier-coordinator';
const KEY_FILE = '/root/backup.key';
const DONE_MAX_MS = 300_000;
const ENDED = ['completed', 'failed', 'aborted', 'rolled-back', 'held'];

/** Kill -9 of the coordinator again and again while a rollout goes up, and while another one goes back. */
export async function proveCoordinatorCrash(stage: ProofStage, kills: number, seed: number): Promise<void> {
  const dice = seededDice(seed);
  for (const path of ['upgrade', 'rollback'] as const) {
    await underCheck(stage, path, async () => {
      const rollout = await beginPath(stage, path);
      let count = 0;
      for (; count < kills && !(await isOver(stage, rollout)); count += 1) {
        await sleep(dice.int(300, 4_000));
        killCoordinator(stage);
      }
      return { rollout, what: `the coordinator was killed ${count} times` };
    });
  }
}

/** The power of the coordinator's host goes in the middle of a rollout, and comes back. */
export async function proveCoordinatorPowerCut(stage: ProofStage, cuts: number, seed: number): Promise<void> {
  const dice = seededDice(seed);
  for (const path of ['upgrade', 'rollback'] as const) {
    await underCheck(stage, path, async () => {
      const rollout = await beginPath(stage, path);
      let count = 0;
      for (; count < cuts && !(await isOver(stage, rollout)); count += 1) {
        await sleep(dice.int(300, 5_000));
        await stage.farrier.control.powerCut();
        await stage.farrier.control.boot();
      }
      return { rollout, what: `the coordinator's host lost its power ${count} times` };
    });
  }
}

/** In the middle of a rollout the store is replaced by a backup taken earlier in it: the rollout goes on by itself, and can be rolled back. */
export async function proveRestoreFromMiddle(stage: ProofStage): Promise<void> {
  await underCheck(stage, 'upgrade', async () => {
    const rollout = await beginPath(stage, 'upgrade');
    await untilDone(stage, rollout, 1);
    await backUp(stage, '/root/middle.farrier');
    await untilDone(stage, rollout, 3);
    await restore(stage, '/root/middle.farrier');
    return { rollout, what: 'the store went back to when one node was done' };
  });
  await settlePath(stage, 'rollback', await beginPath(stage, 'rollback'));
}

/** As above, from a backup that does not know the rollout: an operator starts the plan again. */
export async function proveRestoreFromBefore(stage: ProofStage): Promise<void> {
  await backUp(stage, '/root/before.farrier');
  await underCheck(stage, 'upgrade', async () => {
    await untilDone(stage, await beginPath(stage, 'upgrade'), 2);
    await restore(stage, '/root/before.farrier');
    return { rollout: await beginPath(stage, 'upgrade'), what: 'the store went back to before the rollout; the plan was started again' };
  });
}

/** Plays a path while somebody outside counts the hosts that are down, and judges what became of it. */
async function underCheck(stage: ProofStage, path: Path, play: () => Promise<{ readonly rollout: string; readonly what: string }>): Promise<void> {
  const startedMs = performance.now();
  const before = await Promise.all(stage.nodes.map(changesOf));
  const checker: Checker = startChecker({ hosts: stage.nodes, faults: stage.farrier.fleet.faults, units: [SERVICE] });
  const { rollout, what, seen } = await playAndSettle(stage, path, play, checker);
  const { greatestAtOnce, intervals, longestGapMs } = seen;
  const atOnce = greatestAtOnce.oursOrUnexplained.possible;
  const changes = await Promise.all(stage.nodes.map(changesOf));
  const twice = stage.nodes.filter((_, index) => (changes[index] ?? 0) - (before[index] ?? 0) !== 1);
  const problems = [
    ...(atOnce > stage.maxUnavailable ? [`${atOnce} hosts were down at once, ${stage.maxUnavailable} may be`, ...intervals.map((interval) => JSON.stringify(interval))] : []),
    ...(intervals.length < stage.nodes.length ? [`the checker saw ${intervals.length} hosts go down: too few to say anything`] : []),
    ...twice.map(({ name }) => `${name} had its packages changed other than once`),
  ];
  if (problems.length > 0) throw await failed(stage, rollout, problems);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  say(`  ${path.padEnd(9)} ${seconds.padStart(5)} s  ${what}; at most ${atOnce} of ${stage.nodes.length} hosts down at once (allowed: ${stage.maxUnavailable}; longest gap between looks ${Math.round(longestGapMs)} ms), each host's packages changed once`);
}

async function playAndSettle(stage: ProofStage, path: Path, play: () => Promise<{ readonly rollout: string; readonly what: string }>, checker: Checker) {
  try {
    const played = await play();
    await settlePath(stage, path, played.rollout);
    return { ...played, seen: await checker.stop() };
  } catch (error) {
    // It looks at the hosts for as long as nobody stops it.
    await checker.stop();
    throw error;
  }
}

/** How often dpkg put another version of the sample in place. */
async function changesOf(host: Host): Promise<number> {
  return Number((await host.exec(['grep', '--count', ' upgrade sample:all ', '/var/log/dpkg.log'])).stdout);
}

function killCoordinator({ farrier }: ProofStage): void {
  for (const { process } of unitProcesses(farrier.control, /^farrier-coordinator\.service$/)) killExactly(process, 'SIGKILL');
}

async function isOver({ farrier }: ProofStage, rollout: string): Promise<boolean> {
  return await farrier.show(rollout).then(({ status }) => ENDED.includes(status), () => false);
}

/** By the hosts' own journals. */
async function untilDone({ nodes }: ProofStage, rollout: string, count: number): Promise<void> {
  for (const deadline = performance.now() + DONE_MAX_MS; performance.now() < deadline; await sleep(100)) {
    const done = await Promise.all(nodes.map(async (host) => (await readJournal(host)).some((record) => record.rollout === rollout && record.kind === 'done')));
    if (done.filter((each) => each).length >= count) return;
  }
  throw new Error(`rollout ${rollout}: fewer than ${count} nodes are done after ${DONE_MAX_MS} ms`);
}

async function backUp({ farrier: { control } }: ProofStage, file: string): Promise<void> {
  if ((await control.exec(['test', '-e', KEY_FILE])).exitCode !== 0) await control.writeFile(KEY_FILE, Buffer.from(crypto.getRandomValues(new Uint8Array(32))), 0o600);
  await control.mustExec(['farrier-coordinator', 'backup', file, '--key-file', KEY_FILE]);
}

/** As README tells a person to: the folder is moved away, and a new one filled. */
async function restore(stage: ProofStage, file: string): Promise<void> {
  const { control } = stage.farrier;
  killCoordinator(stage);
  await control.mustExec(['systemctl', 'stop', 'farrier-coordinator.service']);
  await control.mustExec(['mv', DATA_FOLDER, `${DATA_FOLDER}.lost-${Date.now()}`]);
  await control.mustExec(['install', '--directory', '--mode=700', '--owner=farrier-coordinator', '--group=farrier-coordinator', DATA_FOLDER]);
  await control.mustExec(['farrier-coordinator', 'restore', file, '--key-file', KEY_FILE]);
  await control.mustExec(['systemctl', 'start', 'farrier-coordinator.service']);
}

