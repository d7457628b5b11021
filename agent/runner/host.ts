import type { FleetName, NodeName } from '../../shared/domain/ids.ts';
import type { JournalRecord } from '../../shared/domain/journal-record.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Logger } from '../../shared/ports/logger.ts';
import type { Random } from '../../shared/ports/random.ts';
import { VERSION } from '../../shared/ports/version.ts';
import type { Envelope } from '../../shared/trust/envelope.ts';
import type { PayloadType } from '../../shared/trust/payload-types.ts';
import type { PermitQuestion, PermitView } from '../core/admit-permit.ts';
import type { AllowList } from '../core/allow-list.ts';
import { JOURNAL_FORMATS, writeFormat } from '../core/write-format.ts';
import type { VerifiedCommand } from '../identity/verify-command.ts';
import type { DurableFiles } from '../ports/durable-files.ts';
import type { AssignmentFiles } from './assignment-files.ts';
import { haltingJournal } from './halting-journal.ts';
import { type OpenedJournal, openJournal } from './journal-file.ts';
import { readProved } from './proved-version.ts';

/** What everything that acts on assignments needs to know and to have: the agent, the work unit and the break-glass verbs. */
export interface Host {
  readonly fleet: FleetName;
  readonly node: NodeName;
  readonly bootId: string;
  readonly stateDir: string;
  readonly allow: AllowList;
  readonly assignments: AssignmentFiles;
  readonly journalFiles: DurableFiles;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Against the plan keys of the trust document as it is now; nothing holds under one that has expired. */
  verify(envelope: Envelope, payloadType: PayloadType): VerifiedCommand;
}

/** What a permit is judged against, at this instant. */
export function permitView({ fleet, node, bootId, clock }: Host, records: readonly JournalRecord[], question: PermitQuestion | null): PermitView {
  return { fleet, node, bootId, nowMonotonicMs: clock.monotonicMs(), nowUnixMs: clock.wallUnixMs(), records, question };
}

export function journalFolder(stateDir: string): string {
  return `${stateDir}/journal`;
}

export function openHostJournal(host: Host, lockWaitMs: number): OpenedJournal {
  const { bootId, clock, random, journalFiles: files } = host;
  const format = writeFormat(JOURNAL_FORMATS, VERSION, readProved(host.stateDir)?.version ?? null);
  const opened = openJournal({ folder: journalFolder(host.stateDir), bootId, format, clock, random, files }, lockWaitMs);
  return opened.ok && haltingJournal !== null ? { ok: true, journal: haltingJournal(opened.journal, host.stateDir) } : opened;
}

const LOCK_RETRY_MS = 50;

/** For the agent, which has other things to do while it waits for a work unit to close the journal. */
export async function awaitHostJournal(host: Host, waitMs: number): Promise<OpenedJournal> {
  for (let waitedMs = 0; ; waitedMs += LOCK_RETRY_MS) {
    const opened = openHostJournal(host, 0);
    if (opened.ok || opened.error.code !== 'journal-locked' || waitedMs >= waitMs) return opened;
    await host.clock.sleep(LOCK_RETRY_MS);
  }
}
