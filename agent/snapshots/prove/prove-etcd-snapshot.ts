import { createReadStream } from 'node:fs';
import { join } from 'node:path';

import type { FleetName, NodeName } from '../../../shared/domain/ids.ts';
import type { ProofComparison, ProofPhase, ProofRecord } from '../../../shared/domain/proof-record.ts';
import type { SnapshotRecord } from '../../../shared/domain/snapshot.ts';
import type { Clock } from '../../../shared/ports/clock.ts';
import { failure, type Failure } from '../../../shared/trust/failure.ts';
import { isDiskFull } from '../../core/disk-full.ts';
import type { EtcdReads } from '../../ports/etcd.ts';
import type { ScratchPlace, ScratchPrograms } from '../../ports/scratch-programs.ts';
import { checkSnapshot } from '../check-snapshot.ts';
import { megabytes } from '../megabytes.ts';
import { openSnapshot } from '../open-snapshot.ts';
import { openPlainFileSink } from '../plain-file-sink.ts';
import type { Identity } from '../../../shared/age/age-keys.ts';
import { missingRoom } from '../snapshot-folder.ts';
import { compareRestored, newestRevision } from './compare-restored.ts';
import type { DatastoreLook } from './look-at-datastore.ts';
import { lookAtRestored } from './look-at-restored.ts';
import { PhaseTimes } from './phase-times.ts';
import type { ProofCode, ProofFailure } from './proof-failure.ts';
import { askTools, type ProofTools } from './proof-tools.ts';
import { answered, restore, socketIn, startRestored } from './restored-member.ts';
import { claimScratch, ProcessesLeft } from './scratch.ts';

export interface ProofOrder {
  readonly record: SnapshotRecord;
  /** The file: sealed where the record says so, and then never written but to the scratch folder in plain. */
  readonly path: string;
  /** What its member said when it was taken, where it was asked (lookAtDatastore). */
  readonly taken: DatastoreLook | null;
  /** Keys that may open it. */
  readonly identities: readonly Identity[];
  /** With `etcd` and `etcdutl`, or `etcdctl` for 3.4, of the snapshot's minor. */
  readonly toolsFolder: string;
  /** Made and removed; nothing else lives in it. Not below /tmp where systemd runs. */
  readonly scratchFolder: string;
  readonly programs: ScratchPrograms;
  /** Asks the member behind a Unix socket. */
  readonly memberAt: (socket: string) => EtcdReads;
  readonly prover: { readonly fleet: FleetName; readonly node: NodeName };
  /** For all of it. */
  readonly maxMs: number;
  readonly clock: Clock;
  readonly onPhase?: (phase: ProofPhase) => void;
}

export type Proof = { readonly ok: true; readonly record: ProofRecord } | ProofFailure;

/** The file in plain, etcd's log and data of the restored member: each may be as large as the database. */
const ROOM_TIMES = 3;
/** unix(7): 108 with the zero at its end. */
const SOCKET_PATH_MAX_BYTES = 107;

/**
 * Proves that a snapshot can be brought back (I8): its bytes and pages are checked, etcd's own tool restores it, a real etcd
 * starts on that where nobody else can reach it, and what it says is held against what was taken. Whatever happens, nothing of
 * it stays, neither a process nor a file; what a proof that was killed has left goes first. May run any number of times.
 *
 * @throws the signal's reason
 */
export async function proveEtcdSnapshot(order: ProofOrder, signal: AbortSignal): Promise<Proof> {
  signal.throwIfAborted();
  const { clock, record, prover, maxMs, onPhase = () => undefined } = order;
  const times = new PhaseTimes(clock, onPhase);
  const limit = AbortSignal.timeout(maxMs);
  try {
    const seen = await inScratch(order, times, AbortSignal.any([signal, limit]));
    signal.throwIfAborted();
    if ('ok' in seen) return seen;
    const { revision, comparisons, tools } = seen;
    const different = comparisons.filter(({ outcome }) => outcome === 'different');
    if (different.length > 0) return { ...failure('mismatch', mismatchMessage(different)), phase: 'compare' };
    const { id, cluster, plain, takenUnixMs } = record;
    return {
      ok: true,
      record: {
        fleet: prover.fleet, cluster, prover: prover.node, datastore: 'etcd', snapshot: { id, digest: plain.digest, revision, takenUnixMs }, comparisons,
        tools: { restore: tools.restore.says, server: tools.server.says }, phasesMs: times.elapsedMs(), provedUnixMs: clock.wallUnixMs(),
      },
    };
  } catch (error) {
    signal.throwIfAborted();
    const failed = limit.aborted ? failure('time-out', `the proof took longer than ${Math.ceil(maxMs / 1000)} s; allow it more time, or prove on a host with a faster disk`) : diskFailure(error, order);
    if (failed === null) throw error;
    return { ...failed, phase: times.reached };
  }
}

interface Seen {
  /** The newest that the snapshot holds. */
  readonly revision: number;
  readonly comparisons: readonly ProofComparison[];
  readonly tools: ProofTools;
}

async function inScratch(order: ProofOrder, times: PhaseTimes, signal: AbortSignal): Promise<Seen | ProofFailure> {
  const scratch = await claimScratch(order.scratchFolder, order.programs);
  if (scratch === null) return { ...failure('proof-running', `another proof runs in ${order.scratchFolder}; try again when it is done`), phase: 'prepare' };
  try {
    const seen = await proveIn({ folder: scratch.folder, maxMs: order.maxMs }, order, times, signal);
    return 'ok' in seen ? { ...seen, phase: times.reached } : seen;
  } finally {
    times.enter('clean');
    await scratch.remove();
  }
}

async function proveIn(place: ScratchPlace, order: ProofOrder, times: PhaseTimes, signal: AbortSignal): Promise<Seen | Failure<ProofCode>> {
  const { record, programs, clock } = order;
  times.enter('prepare');
  const socket = socketIn(place.folder);
  if (Buffer.byteLength(socket) > SOCKET_PATH_MAX_BYTES) return failure('scratch-failed', `${socket} is longer than the ${SOCKET_PATH_MAX_BYTES} bytes that a socket's path may have; set another scratch folder`);
  const tools = await askTools(order.toolsFolder, record.version, (argv) => programs.start(argv, place, signal).ended);
  if ('ok' in tools) return tools;
  const missing = await missingRoom(place.folder, ROOM_TIMES * record.plain.sizeBytes);
  if (missing > 0) return failure('no-room', `a proof needs ${ROOM_TIMES} times the ${megabytes(record.plain.sizeBytes)} of the snapshot in ${place.folder}, which lacks ${megabytes(missing)}; free them, or set a scratch folder on another disk`);

  times.enter('unseal');
  const opened = record.sealed === null ? order.path : await unsealed(order, join(place.folder, 'snapshot.db'), signal);
  if (typeof opened !== 'string') return opened;

  times.enter('check');
  const snapshot = await checkSnapshot(opened, { withKvHash: true }, signal);
  if (!snapshot.ok) return failure('damaged', `the snapshot is damaged: ${snapshot.message}; take another copy of it, or another snapshot`);
  if (snapshot.digest !== record.plain.digest) return failure('damaged', `it is whole, and has sha256 ${snapshot.digest} and not ${record.plain.digest}, as recorded: another snapshot has its name; take another copy`);

  times.enter('restore');
  const notRestored = await restore(tools, opened, programs, place, signal);
  if (notRestored !== null) return notRestored;

  times.enter('start');
  const member = order.memberAt(socket);
  const status = await answered(member, tools, startRestored(tools, programs, place, signal), clock, signal);
  if ('ok' in status) return status;

  times.enter('compare');
  const looked = await lookAtRestored(member, { fileRevision: newestRevision(snapshot), startedRevision: status.revision, takenRevision: order.taken?.revision ?? null }, signal);
  if ('ok' in looked) return looked;
  return { revision: newestRevision(snapshot), comparisons: compareRestored({ record, taken: order.taken, snapshot, startedRevision: status.revision, ...looked }), tools };
}

async function unsealed({ path, record, identities }: ProofOrder, to: string, signal: AbortSignal): Promise<string | Failure<'damaged' | 'not-opened'>> {
  const sink = await openPlainFileSink(to, signal);
  try {
    const opened = await openSnapshot(createReadStream(path) as AsyncIterable<Buffer>, record, identities, sink, signal);
    if (!opened.ok) return failure(opened.code === 'no-key-fits' ? 'not-opened' : 'damaged', `the sealed snapshot cannot be opened: ${opened.message}`);
    await sink.finish();
    return to;
  } finally {
    await sink.discard();
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
