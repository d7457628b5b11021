import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';

import { failure, type Failure } from '../../../shared/trust/failure.ts';
import type { ScratchPlace } from '../../ports/scratch-programs.ts';
import { checkSnapshot } from '../check-snapshot.ts';
import { megabytes } from '../megabytes.ts';
import { openSnapshot } from '../open-snapshot.ts';
import { openPlainFileSink } from '../plain-file-sink.ts';
import { missingRoom } from '../snapshot-folder.ts';
import { compareRestored, newestRevision } from './compare-restored.ts';
import { lookAtRestored } from './look-at-restored.ts';
import type { PhaseTimes } from './phase-times.ts';
import type { ProofCode } from './proof-failure.ts';
import { askTools } from './proof-tools.ts';
import type { ProofOrder, Restored } from './proof-order.ts';
import { answered, restore, socketIn, startRestored } from './restored-member.ts';

/** The file in plain, etcd's log and data of the restored member: each may be as large as the database. */
const ROOM_TIMES = 3;
/** unix(7): 108 with the zero at its end. */
const SOCKET_PATH_MAX_BYTES = 107;

/** etcd's own tool restores it, and a real etcd starts on that, which is asked what it holds. */
export async function restoreEtcd(place: ScratchPlace, order: ProofOrder, times: PhaseTimes, signal: AbortSignal): Promise<Restored | Failure<ProofCode>> {
  const { record, programs, clock } = order;
  const socket = socketIn(place.folder);
  if (Buffer.byteLength(socket) > SOCKET_PATH_MAX_BYTES) return failure('scratch-failed', `${socket} is longer than the ${SOCKET_PATH_MAX_BYTES} bytes that a socket's path may have; set another scratch folder`);
  const tools = await askTools(toolsFor(order), record.version, (argv) => programs.start(argv, place, signal).ended);
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
  const looked = await lookAtRestored(member, { fileRevision: newestRevision(snapshot), startedRevision: status.revision, takenRevision: record.look?.revision ?? null }, signal);
  if ('ok' in looked) return looked;
  const comparisons = compareRestored({ record, snapshot, startedRevision: status.revision, ...looked });
  return { revision: newestRevision(snapshot), comparisons, tools: { restore: tools.restore.says, server: tools.server.says } };
}

/** Programs of several minors lie beside each other, in folders named after them. */
function toolsFor({ toolsFolder, record }: ProofOrder): string {
  const ofMinor = join(toolsFolder, /^\d+\.\d+(?=\.)/.exec(record.version)?.[0] ?? '');
  return existsSync(ofMinor) ? ofMinor : toolsFolder;
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
