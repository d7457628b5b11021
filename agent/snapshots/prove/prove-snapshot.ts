import type { ProofComparison, ProofRecord } from '../../../shared/domain/proof-record.ts';
import { failure, type Failure } from '../../../shared/trust/failure.ts';
import { isDiskFull } from '../../core/disk-full.ts';
import type { ScratchPlace } from '../../ports/scratch-programs.ts';
import { PhaseTimes } from './phase-times.ts';
import type { ProofCode, ProofFailure } from './proof-failure.ts';
import type { ProofOrder, Restored } from './proof-order.ts';
import { restoreEtcd } from './restore-etcd.ts';
import { restoreSqlite } from './restore-sqlite.ts';
import { claimScratch, ProcessesLeft } from './scratch.ts';

export type Proof = { readonly ok: true; readonly record: ProofRecord } | ProofFailure;

/**
 * Proves that a snapshot can be brought back (I8): its bytes and pages are checked, it is restored where nobody else can reach
 * it, by what restores it in earnest, and what comes up is held against what was taken. Whatever happens, nothing of it stays,
 * neither a process nor a file; what a proof that was killed has left goes first. May run any number of times.
 *
 * @throws the signal's reason
 */
export async function proveSnapshot(order: ProofOrder, signal: AbortSignal): Promise<Proof> {
  signal.throwIfAborted();
  const { clock, record, prover, maxMs, onPhase = () => undefined } = order;
  const times = new PhaseTimes(clock, onPhase);
  const limit = AbortSignal.timeout(maxMs);
  try {
    const restored = await inScratch(order, times, AbortSignal.any([signal, limit]));
    signal.throwIfAborted();
    if ('ok' in restored) return restored;
    const { revision, comparisons, tools } = restored;
    const different = comparisons.filter(({ outcome }) => outcome === 'different');
    if (different.length > 0) return { ...failure('mismatch', mismatchMessage(different)), phase: 'compare' };
    const { id, cluster, datastore, plain, takenUnixMs } = record;
    return {
      ok: true,
      record: {
        fleet: prover.fleet, cluster, prover: prover.node, datastore, snapshot: { id, digest: plain.digest, revision, takenUnixMs }, comparisons,
        tools, phasesMs: times.elapsedMs(), provedUnixMs: clock.wallUnixMs(),
      },
    };
  } catch (error) {
    signal.throwIfAborted();
    const failed = limit.aborted ? failure('time-out', `the proof took longer than ${Math.ceil(maxMs / 1000)} s; allow it more time, or prove on a host with a faster disk`) : diskFailure(error, order);
    if (failed === null) throw error;
    return { ...failed, phase: times.reached };
  }
}

async function inScratch(order: ProofOrder, times: PhaseTimes, signal: AbortSignal): Promise<Restored | ProofFailure> {
  const scratch = await claimScratch(order.scratchFolder, order.programs);
  if (scratch === null) return { ...failure('proof-running', `another proof runs in ${order.scratchFolder}; try again when it is done`), phase: 'prepare' };
  try {
    const place: ScratchPlace = { folder: scratch.folder, maxMs: order.maxMs };
    times.enter('prepare');
    const restored = await (order.record.datastore === 'etcd' ? restoreEtcd : restoreSqlite)(place, order, times, signal);
    return 'ok' in restored ? { ...restored, phase: times.reached } : restored;
  } finally {
    times.enter('clean');
    await scratch.remove();
  }
}

function mismatchMessage(different: readonly ProofComparison[]): string {
  const found = different.map(({ fact, against, expected, found }) => `${fact} is ${found} and not ${expected} (as the ${against} says)`);
  return `what was restored is not what was taken: ${found.join('; ')}. Take another snapshot, and if it stays so look at the member's disk and compare the members of its cluster`;
}

/** @returns null where it is no disk that says so. */
function diskFailure(error: unknown, { scratchFolder, path }: ProofOrder): Failure<ProofCode> | null {
  if (isDiskFull(error)) return failure('no-room', `the disk of ${scratchFolder} became full; free space, or set another scratch folder`);
  if (error instanceof ProcessesLeft) return failure('scratch-failed', `${error.message}; end them, and prove it again`);
  const { syscall, message, path: at } = error as NodeJS.ErrnoException;
  if (syscall === undefined) return null;
  return at === path ? failure('damaged', `the snapshot cannot be read: ${message}; take another copy of it`) : failure('scratch-failed', `the snapshot cannot be restored in ${scratchFolder}: ${message}`);
}
