import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { FleetName, NodeName } from '../../../shared/domain/ids.ts';
import { redactLine } from '../../../shared/domain/redact.ts';
import { lockFile } from '../../../shared/files/lock-file.ts';
import { syncFolder } from '../../../shared/files/write-durably.ts';
import type { Clock } from '../../../shared/ports/clock.ts';
import type { Random } from '../../../shared/ports/random.ts';
import { failure, type Failure } from '../../../shared/trust/failure.ts';
import type { EtcdMember, EtcdPlace } from '../../ports/etcd.ts';
import type { SnapshotSettings } from '../../settings/snapshot-settings.ts';
import { openFolder } from '../catalogue/open-folder.ts';
import { SnapshotCatalogue } from '../catalogue/snapshot-catalogue.ts';
import type { FoundDatastore } from '../local-datastore.ts';
import type { ProofOrder } from '../prove/prove-snapshot.ts';
import { type CommandHost, commandWork } from '../commands/command-work.ts';
import { checkWork } from './check-work.ts';
import { showWork } from './live-work.ts';
import { keepOutcome, readOutcomes, type SnapshotOutcome } from './outcomes.ts';
import { proveWork } from './prove-work.ts';
import { pruneWork } from './prune-work.ts';
import { snapshotPlaces } from './snapshot-places.ts';
import type { SnapshotWork } from './snapshot-work.ts';
import { takeWork } from './take-work.ts';

/** What this host is, and what work on its snapshots needs of it. */
export interface WorkHost extends Pick<ProofOrder, 'programs' | 'memberAt'> {
  readonly settings: SnapshotSettings;
  readonly node: NodeName;
  readonly fleet: FleetName;
  /** Of the node's certificate, to sign proofs with; null on a host that is not enrolled. */
  readonly keyPem: string | null;
  readonly findDatastore: (signal: AbortSignal) => Promise<FoundDatastore>;
  /** Whether proofs that nobody on this host asks for may run on it. */
  readonly mayProve: (signal: AbortSignal) => Promise<{ readonly may: boolean; readonly reason: string }>;
  readonly memberOf: (place: EtcdPlace) => EtcdMember;
  readonly liveFolder: string;
  /** What orders of a coordinator need; null on a host that is not enrolled. */
  readonly orders: CommandHost | null;
  readonly clock: Clock;
  readonly random: Random;
}

export interface WorkContext extends WorkHost {
  readonly catalogue: SnapshotCatalogue;
  readonly takenFolder: string;
  /** Shown to whoever looks. */
  readonly say: (doing: string) => void;
}

/** What is told of work that was done. */
export type WorkEnd = Pick<SnapshotOutcome, 'code' | 'message'> & Partial<Pick<SnapshotOutcome, 'snapshot' | 'proof' | 'each'>>;

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
