import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

import { redactLine } from '../../../shared/domain/redact.ts';
import { lockFile } from '../../../shared/files/lock-file.ts';
import { syncFolder } from '../../../shared/files/write-durably.ts';
import { failure, type Failure } from '../../../shared/trust/failure.ts';
import { openFolder } from '../catalogue/open-folder.ts';
import { SnapshotCatalogue } from '../catalogue/snapshot-catalogue.ts';
import { commandWork } from '../commands/command-work.ts';
import { checkWork } from './check-work.ts';
import { showWork } from './live-work.ts';
import { keepOutcome, readOutcomes, type SnapshotOutcome } from './outcomes.ts';
import { proveWork } from './prove-work.ts';
import { pruneWork } from './prune-work.ts';
import { snapshotPlaces } from './snapshot-places.ts';
import type { SnapshotWork } from './snapshot-work.ts';
import { takeWork } from './take-work.ts';
import type { WorkContext, WorkHost } from './work-context.ts';
import type { WorkEnd } from './work-end.ts';

/**
 * Does one piece of work on this host's snapshots, as the only one that does, and keeps how it ended. What was done before
 * under the same id is not done again.
 *
 * @throws bugs, once they are kept as `internal-error`
 */
export async function runSnapshotWork(work: SnapshotWork, host: WorkHost, signal: AbortSignal): Promise<SnapshotOutcome | Failure<'snapshot-running'>> {
  const { folder } = host.settings;
  const places = snapshotPlaces(folder);
  if ((await mkdir(folder, { recursive: true, mode: 0o700 })) !== undefined) await syncFolder(dirname(folder));
  const lock = lockFile(places.lock, 0);
  if (lock === null) return failure('snapshot-running', `something else works on the snapshots in ${folder}; try again when it is done`);
  try {
    const known = (await readOutcomes(places.outcomes)).find((each) => each.work === work.id && each.endedUnixMs !== null);
    if (known !== undefined) return known;
    return await runAlone(work, host, signal);
  } finally {
    lock.release();
  }
}

async function runAlone(work: SnapshotWork, host: WorkHost, signal: AbortSignal): Promise<SnapshotOutcome> {
  const { clock, liveFolder } = host;
  const { taken, outcomes } = snapshotPlaces(host.settings.folder);
  const begun: SnapshotOutcome = {
    work: work.id, kind: work.kind, by: work.by, startedUnixMs: clock.wallUnixMs(), endedUnixMs: null, code: 'running', message: 'it runs, or the host went down in the middle of it', snapshot: null, proof: null, each: [],
  };
  const say = (doing: string): void => showWork(liveFolder, { work: work.id, doing, outcome: null });
  const finish = async ({ code, message, snapshot = null, proof = null, each = [] }: WorkEnd): Promise<SnapshotOutcome> => {
    const outcome = { ...begun, endedUnixMs: clock.wallUnixMs(), code, message: redactLine(message), snapshot, proof, each };
    // First where there is room: the disk may be what is full.
    showWork(liveFolder, { work: work.id, doing: '', outcome });
    await keepOutcome(outcomes, outcome).catch(() => undefined);
    return outcome;
  };
  await keepOutcome(outcomes, begun).catch(() => undefined);
  say('begins');
  try {
    return await finish(await done(work, { ...host, catalogue: new SnapshotCatalogue(await openFolder(taken)), takenFolder: taken, say }, signal));
  } catch (error) {
    if (signal.aborted) return await finish({ code: 'stopped', message: 'it was stopped before it was done; nothing of it stays' });
    await finish({ code: 'internal-error', message: `${error instanceof Error ? error.message : String(error)}; journalctl -u farrier-snapshot has more of it` });
    throw error;
  }
}

async function done(work: SnapshotWork, context: WorkContext, signal: AbortSignal): Promise<WorkEnd> {
  switch (work.kind) {
    case 'take': return await takeWork(work, context, signal);
    case 'check': return await checkWork(work, context, signal);
    case 'prove': return await proveWork(work, context, signal);
    case 'prune': return await pruneWork(context);
    case 'command': return context.orders === null ? failure('refused', 'this host is enrolled nowhere, so nobody orders anything of it') : await commandWork(work.id, context.orders, context, signal);
  }
}
