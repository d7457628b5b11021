import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';

import type { JournalRecord } from '../../shared/domain/journal-record.ts';
import type { AgentMessage, CoordinatorMessage__Output } from '../../shared/wire/messages.ts';
import { farrier } from '../../shared/wire/protocol.ts';
import { toReport } from '../../shared/wire/report-codec.ts';
import { tlsChannel } from '../../shared/wire/tls-channel.ts';
import { explainFailure, explainRefusal } from './explain-failure.ts';
import { ReportPump } from './report-pump.ts';

/** A link that shows no sign of life for this long is over; TCP alone would take a quarter of an hour. */
const KEEPALIVE_MS = 20_000;
const KEEPALIVE_ANSWER_MS = 10_000;

export interface SessionEnd {
  readonly why: string;
  readonly remedy: string;
  /** What the coordinator asked for; 0 where it asked for nothing. */
  readonly retryAfterMs: number;
}

/** What a session needs of the rest of the agent. Handlers never throw for what the other side sent. */
export interface SessionHost {
  hello(): AgentMessage['hello'];
  /** The coordinator has welcomed this agent. */
  opened(): void;
  heartbeat(): AgentMessage['heartbeat'];
  journal(): { readonly journalId: string; readonly records: readonly JournalRecord[] };
  /** Calls back when the journal has grown; returns how to stop. */
  onJournalGrowth(listener: () => void): () => void;
  /** Calls back when the host's facts are others than the hello told; returns how to stop. */
  onFactsChange(listener: (facts: NonNullable<AgentMessage['facts']>) => void): () => void;
  /** Tells what lies on the host of snapshots, and what became of orders about them; returns how to stop. Absent: nothing of it. */
  onSnapshotNews?(tell: (message: AgentMessage) => void): () => void;
  /** Everything that arrives but acknowledgements, in order; resolves when it has been dealt with. */
  received(message: CoordinatorMessage__Output, reply: (message: AgentMessage) => void): Promise<void>;
}

export interface SessionTarget {
  readonly address: string;
  readonly caPem: Buffer;
  readonly keyPem: Buffer;
  readonly certificatePem: Buffer;
}

/** Serves one session to its end. Never throws: how it ended is the result. */
export async function serveSession(target: SessionTarget, host: SessionHost, signal: AbortSignal): Promise<SessionEnd> {
  const { credentials, options } = tlsChannel(target.address, target);
  const client = new farrier.AgentLink(target.address, credentials, {
    ...options,
    'grpc.keepalive_time_ms': KEEPALIVE_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_ANSWER_MS,
    'grpc.keepalive_permit_without_calls': 0,
    // The loop around a session owns all waiting; gRPC's own backoff would come on top of it.
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.enable_retries': 0,
  });
  const stream = client.Session();
  try {
    return await new Promise<SessionEnd>((resolve) => {
      new Conversation(stream, host, resolve, target.address, signal);
    });
  } finally {
    stream.cancel();
    client.close();
  }
}

/** The messages of one session. Lives from the hello to the first sign of its end. */
class Conversation {
  readonly #stream: ClientDuplexStream<AgentMessage, CoordinatorMessage__Output>;
  readonly #host: SessionHost;
  #pump: ReportPump | null = null;
  #handling: Promise<void> = Promise.resolve();
  #goodbye: SessionEnd | null = null;
  readonly #stops: (() => void)[] = [];

  constructor(
    stream: ClientDuplexStream<AgentMessage, CoordinatorMessage__Output>,
    host: SessionHost,
    resolve: (end: SessionEnd) => void,
    address: string,
    signal: AbortSignal,
  ) {
    this.#stream = stream;
    this.#host = host;
    const over = (end: SessionEnd): void => {
      for (const stop of this.#stops.splice(0)) stop();
      // A message that is being dealt with is dealt with before the next session begins.
      void this.#handling.finally(() => resolve(this.#goodbye ?? end));
    };
    const abort = (): void => over({ why: 'the agent is stopping', remedy: '', retryAfterMs: 0 });
    signal.addEventListener('abort', abort, { once: true });
    this.#stops.push(() => signal.removeEventListener('abort', abort));
    stream.on('error', (error: ServiceError) => over({ ...explainFailure(error, address), retryAfterMs: 0 }));
    stream.on('end', () => over({ why: 'the coordinator ended the session', remedy: 'see the coordinator’s log', retryAfterMs: 0 }));
    stream.on('data', (message: CoordinatorMessage__Output) => this.#receive(message));
    this.#stops.push(host.onJournalGrowth(() => this.#sendReports()));
    stream.write({ hello: host.hello() ?? null });
    this.#stops.push(host.onFactsChange((facts) => stream.write({ facts })));
  }

  #receive(message: CoordinatorMessage__Output): void {
    if (message.reportAck) {
      this.#pump?.acknowledge(message.reportAck.sequence);
      this.#sendReports();
      return;
    }
    if (message.goodbye) {
      const { reason, retryAfterMs } = message.goodbye;
      const { why, remedy } = explainRefusal(reason);
      this.#goodbye = { why: `the coordinator said: ${why}`, remedy, retryAfterMs };
      return;
    }
    if (message.welcome) this.#welcomed(message.welcome);
    this.#handling = this.#handling.then(() => this.#host.received(message, (reply) => this.#stream.write(reply)));
  }

  #welcomed(welcome: NonNullable<CoordinatorMessage__Output['welcome']>): void {
    this.#host.opened();
    const { journalId } = this.#host.journal();
    this.#pump = new ReportPump(welcome.journalId === journalId ? welcome.journalSequence : 0);
    const timer = setInterval(() => this.#stream.write({ heartbeat: this.#host.heartbeat() ?? null }), welcome.heartbeatMs);
    this.#stops.push(() => clearInterval(timer));
    this.#sendReports();
    const stopNews = this.#host.onSnapshotNews?.((message) => this.#stream.write(message));
    if (stopNews !== undefined) this.#stops.push(stopNews);
  }

  #sendReports(): void {
    if (this.#pump === null) return;
    for (const record of this.#pump.next(this.#host.journal().records)) this.#stream.write({ report: toReport(record) });
  }
}
