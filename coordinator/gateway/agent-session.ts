import { status, type ServerDuplexStream } from '@grpc/grpc-js';

import type { JournalRecord } from '../../shared/domain/journal-record.ts';
import type { Logger } from '../../shared/ports/logger.ts';
import { NOT_EMPTY } from '../../shared/wire/field-check.ts';
import type { AgentMessage__Output, CoordinatorMessage, Hello__Output, HostFacts__Output, Report__Output } from '../../shared/wire/messages.ts';
import { fromReport } from '../../shared/wire/report-codec.ts';
import type { UnreadReport } from '../core/node-event.ts';
import type { PermitRequestView } from '../core/world.ts';
import { isStoreFull } from '../ports/store-error.ts';

/** An agent that sends faster than its reports become durable is slowed down by not being read. */
const UNKEPT_REPORTS_MAX = 256;
/** Agents beat every 10 s; three missed in a row and the session is over, whatever TCP thinks. */
const SILENT_AFTER_MS = 35_000;
/** Room on a disk is made by people. */
const RETRY_WHEN_FULL_MS = 30_000;

export interface SessionEvents {
  hello(hello: Hello__Output): Promise<void>;
  /** Resolves when the records are durable. */
  report(records: readonly (JournalRecord | UnreadReport)[]): Promise<void>;
  facts(facts: HostFacts__Output): Promise<void>;
  /** Each of them resolves when what is to be kept of it is durable. */
  snapshots(catalogue: NonNullable<AgentMessage__Output['snapshots']>): Promise<void>;
  snapshotOutcome(outcome: NonNullable<AgentMessage__Output['snapshotOutcome']>): Promise<void>;
  snapshotProgress(progress: NonNullable<AgentMessage__Output['snapshotProgress']>): void;
  permitRequest(request: PermitRequestView): void;
  refusal(reason: string, detail: string, ofSnapshot: boolean): void;
  ended(): void;
}

/** One agent's stream: order kept, reports acknowledged when durable, silence noticed. */
export class AgentSession {
  readonly #call: ServerDuplexStream<AgentMessage__Output, CoordinatorMessage>;
  readonly #logger: Logger;
  readonly #unkept: (JournalRecord | UnreadReport)[] = [];
  #keeping = false;
  #greeted = false;
  #over = false;
  /** Told to go: nothing that it still says counts. */
  #ending = false;
  #silence: NodeJS.Timeout | null = null;

  constructor(call: ServerDuplexStream<AgentMessage__Output, CoordinatorMessage>, logger: Logger) {
    this.#call = call;
    this.#logger = logger;
    // Without a listener a broken stream would end the process.
    call.on('error', () => undefined);
  }

  serve(events: SessionEvents): void {
    const over = (): void => {
      if (this.#over) return;
      this.#over = true;
      if (this.#silence !== null) clearTimeout(this.#silence);
      events.ended();
    };
    this.#call.on('cancelled', over);
    this.#call.on('close', over);
    this.#call.on('error', over);
    this.#call.on('end', () => {
      over();
      this.#call.end();
    });
    this.#call.on('data', (message: AgentMessage__Output) => this.#receive(message, events));
    this.#noticeSilence(over);
    this.#call.resume();
  }

  /** Over, or told to go. */
  get isEnding(): boolean {
    return this.#over || this.#ending;
  }

  send(message: CoordinatorMessage): void {
    if (!this.isEnding) this.#call.write(message);
  }

  /** Says why and ends the stream in good order. */
  end(reason: string, retryAfterMs: number): void {
    if (this.isEnding) return;
    this.send({ goodbye: { reason, retryAfterMs } });
    this.#ending = true;
    this.#call.end();
  }

  /** Ends the stream of a peer that may not speak here. */
  refuse(message: string): void {
    this.#call.emit('error', { code: status.PERMISSION_DENIED, details: message });
  }

  #receive(message: AgentMessage__Output, events: SessionEvents): void {
    if (this.isEnding) return;
    this.#silence?.refresh();
    if (message.hello && this.#greeted) {
      this.end('a session says hello once', 0);
      return;
    }
    if (message.hello) {
      this.#greeted = true;
      // Reports wait until the welcome has said where to go on from.
      this.#call.pause();
      this.#guard(events.hello(message.hello).then(() => this.#call.resume()));
      return;
    }
    if (!this.#greeted) {
      this.end('the first message of a session is hello', 0);
    } else if (message.report) {
      this.#reported(message.report, events);
    } else if (message.facts) {
      this.#guard(events.facts(message.facts));
    } else if (message.snapshots) {
      this.#guard(events.snapshots(message.snapshots));
    } else if (message.snapshotOutcome) {
      const { command } = message.snapshotOutcome;
      this.#guard(events.snapshotOutcome(message.snapshotOutcome).then(() => this.send({ snapshotAck: { command } })));
    } else if (message.snapshotProgress) {
      events.snapshotProgress(message.snapshotProgress);
    } else if (message.permitRequest) {
      const { requestId, rollout, generation, digest, bootId } = message.permitRequest;
      events.permitRequest({ requestId, rollout, generation, digest, bootId });
    } else if (message.refusal) {
      events.refusal(message.refusal.reason, message.refusal.detail, message.refusal.snapshot);
    }
  }

  /** What cannot be read is received all the same: an agent that waited for its acknowledgement would send it for ever. */
  #reported(report: Report__Output, events: SessionEvents): void {
    const record = fromReport(report);
    if (record.ok) return this.#keep(record.value, events);
    const { code, message } = record.error;
    this.#logger.warn('report not understood', { code, message });
    const { journalId, sequence } = report;
    if (NOT_EMPTY.test(journalId) && Number.isSafeInteger(sequence) && sequence > 0) this.#keep({ kind: 'unread', journalId, sequence, why: code }, events);
  }

  #keep(record: JournalRecord | UnreadReport, events: SessionEvents): void {
    this.#unkept.push(record);
    if (this.#unkept.length >= UNKEPT_REPORTS_MAX) this.#call.pause();
    if (!this.#keeping) this.#guard(this.#keepAll(events));
  }

  async #keepAll(events: SessionEvents): Promise<void> {
    this.#keeping = true;
    // Let the reports of one read arrive together: one append and one acknowledgement for all.
    await Promise.resolve();
    while (this.#unkept.length > 0 && !this.isEnding) {
      const records = this.#unkept.splice(0);
      await events.report(records);
      const last = records.at(-1);
      if (last !== undefined) this.send({ reportAck: { journalId: last.journalId, sequence: last.sequence } });
      this.#call.resume();
    }
    this.#keeping = false;
  }

  /** Without room the agent keeps what it has and comes back. Any other failed append is the whole process's affair. */
  #guard(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (isStoreFull(error)) {
        this.#logger.error('session ended', { why: error.message, remedy: error.remedy });
        this.end('the coordinator has no room left to keep reports; nothing is lost, they are taken when there is', RETRY_WHEN_FULL_MS);
        return;
      }
      setImmediate(() => {
        throw error;
      });
    });
  }

  #noticeSilence(over: () => void): void {
    this.#silence = setTimeout(() => {
      this.#logger.warn('session silent', { silentMs: SILENT_AFTER_MS });
      this.end('no heartbeat', 0);
      over();
    }, SILENT_AFTER_MS);
  }
}
