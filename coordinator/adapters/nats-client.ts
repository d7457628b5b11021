import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { DiscardPolicy, NatsError, RetentionPolicy, StorageType, connect, credsAuthenticator, headers } from 'nats';
import type { ConnectionOptions, MsgHdrs, NatsConnection, TlsOptions } from 'nats';

import { StoreError } from '../ports/store-error.ts';

/** All that the store uses of NATS. The only file that imports the client: upstream has moved to other packages. */
export interface NatsClient {
  /** For messages to people. */
  readonly address: string;
  serverVersion(): string;
  payloadMaxBytes(): number;
  /** Makes the stream where it is not there; an existing one is left as it is. */
  ensureStream(spec: StreamSpec): Promise<StreamFacts>;
  /** From the stream's leader, never from a replica that lags. */
  last(stream: string, subject: string): Promise<NatsMessage | null>;
  /** The first message of the subject at or above a sequence of the stream. */
  next(stream: string, subject: string, sequence: number): Promise<NatsMessage | null>;
  /** Stored and acknowledged, or refused as the subject has a newer message. Sent again under one id until one of them is sure. */
  publish(subject: string, message: OutgoingMessage): Promise<PublishResult>;
  subjects(stream: string, filter: string): Promise<readonly string[]>;
  /** What is stored from a sequence on and what comes, in order, until stopped. Survives the loss of servers. */
  follow(stream: string, filter: string, sequence: number): Promise<FollowedMessages>;
  close(): Promise<void>;
}

export interface NatsConnectOptions {
  readonly servers: readonly string[];
  /** A .creds file of nsc. */
  readonly credentialsFile?: string | null;
  /** Where the server's certificate needs a CA of its own, or asks for one of ours. */
  readonly tls?: { readonly caFile?: string | undefined; readonly certFile?: string | undefined; readonly keyFile?: string | undefined } | null;
}

export interface StreamSpec {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly replicas: number;
  /** 1 for records, of which only the newest matters; -1 keeps all. */
  readonly messagesPerSubjectMax: 1 | -1;
  readonly format: number;
}

export interface StreamFacts {
  readonly replicas: number;
  readonly format: number;
  /** Why it may lose or misplace what is stored; null when it is what the store needs. */
  readonly unfit: string | null;
}

export interface NatsMessage {
  readonly subject: string;
  /** In the stream, over all subjects. */
  readonly sequence: number;
  readonly data: Uint8Array;
  header(name: string): string;
}

export interface OutgoingMessage {
  /** The stream that holds the subject. */
  readonly stream: string;
  readonly data: Uint8Array;
  readonly id: string;
  /** Sequence of the subject's newest message, 0 for none. */
  readonly expectedSequence: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export type PublishResult = { readonly ok: true; readonly sequence: number } | { readonly ok: false };

export interface FollowedMessages extends AsyncIterable<NatsMessage> {
  stop(): Promise<void>;
}

const REQUEST_MAX_MS = 5000;
/** Shorter for single messages: what was under way when a server died is sent again after it. */
const MESSAGE_MAX_MS = 2000;
/** A cluster needs 4 to 7 s to find a new leader after a crash. */
const PATIENCE_MS = 20_000;
const RETRY_EVERY_MS = 250;
/** nats-server's default max_payload. */
const PAYLOAD_DEFAULT_BYTES = 1024 * 1024;
const WRONG_LAST_SEQUENCE = 10_071;
const NO_SUITABLE_PEERS = 10005;
const NO_MESSAGE_FOUND = 10_037;
const STREAM_NOT_FOUND = 10_059;
const FORMAT_KEY = 'farrier.format';

/** Connects, and from then on reconnects for ever. @throws StoreError when no server answers now */
export async function connectNats(options: NatsConnectOptions): Promise<NatsClient> {
  const address = options.servers.join(', ');
  const settings: ConnectionOptions = {
    servers: [...options.servers], name: 'farrier-coordinator', timeout: REQUEST_MAX_MS, maxReconnectAttempts: -1, reconnectTimeWait: 500, reconnectJitter: 500, pingInterval: 10_000,
    ...((options.tls ?? null) === null ? {} : { tls: { ...options.tls } as TlsOptions }),
    ...(typeof options.credentialsFile !== 'string' ? {} : { authenticator: credsAuthenticator(await readCredentials(options.credentialsFile)) }),
  };
  const connection = await connect(settings).catch((error: unknown) => {
    throw connectError(error, address);
  });
  try {
    return await createClient(connection, address);
  } catch (error) {
    await connection.close();
    throw error;
  }
}

async function readCredentials(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new StoreError('store-unreachable', `the credentials for NATS cannot be read: ${String(cause)}`, `correct natsCredentials, or let the coordinator's user read ${path}`, { cause });
  }
}

async function createClient(connection: NatsConnection, address: string): Promise<NatsClient> {
  const patiently = async <T>(attempt: () => Promise<T>): Promise<T> => await retry(attempt, address);
  let info = connection.info;
  /** Of the server last connected to: between two of them the connection has none. */
  const serverInfo = (): { readonly version: string; readonly max_payload: number } => {
    info = connection.info ?? info;
    return info ?? { version: 'unknown', max_payload: PAYLOAD_DEFAULT_BYTES };
  };
  const jetStream = connection.jetstream({ timeout: MESSAGE_MAX_MS });
  const admin = await connection.jetstreamManager({ timeout: REQUEST_MAX_MS }).catch((error: unknown) => {
    throw new StoreError('store-unfit', `the NATS server at ${address} has no JetStream for this account`, 'set jetstream { store_dir: "..." } in nats-server.conf and restart it', { cause: error });
  });
  const lookups = await connection.jetstreamManager({ timeout: MESSAGE_MAX_MS, checkAPI: false });
  const get = (stream: string, query: object): Promise<NatsMessage | null> => patiently(async () => {
    try {
      const found = await lookups.streams.getMessage(stream, query as never);
      return toMessage(found.subject, found.seq, found.data, found.header);
    } catch (error) {
      if (apiCode(error) === NO_MESSAGE_FOUND) return null;
      throw error;
    }
  });

  return {
    address,
    serverVersion: () => serverInfo().version,
    payloadMaxBytes: () => serverInfo().max_payload,
    ensureStream: (spec) => patiently(async () => {
      try {
        await admin.streams.info(spec.name);
      } catch (error) {
        if (apiCode(error) !== STREAM_NOT_FOUND) throw error;
        await admin.streams.add({
          name: spec.name, subjects: [...spec.subjects], storage: StorageType.File, retention: RetentionPolicy.Limits, discard: DiscardPolicy.New,
          num_replicas: spec.replicas, max_msgs_per_subject: spec.messagesPerSubjectMax, deny_delete: true, allow_rollup_hdrs: false, allow_direct: false,
          metadata: { [FORMAT_KEY]: String(spec.format) },
        });
      }
      const { config } = await admin.streams.info(spec.name);
      const unfit = [
        config.storage !== StorageType.File && 'it keeps messages in memory',
        config.retention !== RetentionPolicy.Limits && `its retention is ${config.retention}`,
        config.max_age > 0 && 'it drops messages by age (max_age)',
        (config.max_msgs > 0 || config.max_bytes > 0) && config.discard !== DiscardPolicy.New && 'it drops old messages when it is full (discard: old)',
        config.max_msgs_per_subject !== spec.messagesPerSubjectMax && `it keeps ${config.max_msgs_per_subject} messages of a subject, not ${spec.messagesPerSubjectMax}`,
        config.subjects.join(' ') !== spec.subjects.join(' ') && `its subjects are ${config.subjects.join(', ')}`,
      ].find((reason) => reason !== false);
      return { replicas: config.num_replicas, format: Number(config.metadata?.[FORMAT_KEY] ?? 0), unfit: unfit ?? null };
    }),
    last: (stream, subject) => get(stream, { last_by_subj: subject }),
    next: (stream, subject, sequence) => get(stream, { seq: sequence, next_by_subj: subject }),
    publish: (subject, message) => patiently(async () => {
      try {
        const expect = { lastSubjectSequence: message.expectedSequence };
        const { seq } = await jetStream.publish(subject, message.data, { msgID: message.id, expect, headers: toHeaders(message.headers ?? {}) });
        return { ok: true, sequence: seq };
      } catch (error) {
        if (apiCode(error) !== WRONG_LAST_SEQUENCE) throw error;
        // It may be our own message that came first, sent before an acknowledgement was lost; others may have followed it.
        const found = await get(message.stream, { seq: message.expectedSequence + 1, next_by_subj: subject });
        return found?.header('Nats-Msg-Id') === message.id ? { ok: true, sequence: found.sequence } : { ok: false };
      }
    }),
    subjects: (stream, filter) => patiently(async () => Object.keys((await admin.streams.info(stream, { subjects_filter: filter })).state.subjects ?? {})),
    follow: (stream, filter, sequence) => patiently(async () => {
      const consumer = await jetStream.consumers.get(stream, { filterSubjects: filter, opt_start_seq: Math.max(1, sequence), inactive_threshold: 60_000 });
      const messages = await consumer.consume({ max_messages: 500 });
      return {
        async *[Symbol.asyncIterator]() {
          for await (const message of messages) yield toMessage(message.subject, message.seq, message.data, message.headers);
        },
        stop: async () => {
          await messages.close();
          await consumer.delete().catch(() => false); // The server forgets it after a minute in any case.
        },
      };
    }),
    close: () => connection.close(),
  };
}

async function retry<T>(attempt: () => Promise<T>, address: string): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof NatsError)) throw error;
      if (!isPassing(error) || performance.now() > deadline) throw operationError(error, address);
      await delay(RETRY_EVERY_MS);
    }
  }
}

/** No leader, no quorum, no connection, servers that do not know of each other yet: the next try may find one. */
function isPassing(error: NatsError): boolean {
  if (apiCode(error) === NO_SUITABLE_PEERS) return true;
  return error.api_error === undefined ? ['503', 'TIMEOUT', 'DISCONNECT', '408'].includes(error.code) : error.api_error.code === 503;
}

function operationError(error: NatsError, address: string): StoreError {
  if (error.api_error !== undefined && /insufficient|maximum|resource/i.test(error.api_error.description)) {
    return new StoreError('store-full', `NATS at ${address} takes no more: ${error.api_error.description}`, 'free space in its store_dir or raise max_file_store', { retryable: true, cause: error });
  }
  if (error.code === 'MAX_PAYLOAD_EXCEEDED') return tooLarge(address, error);
  if (error.api_error !== undefined && !isPassing(error)) {
    return new StoreError('store-unfit', `NATS at ${address} refuses: ${error.api_error.description}`, 'correct the set-up of JetStream there, or the settings of the coordinator', { cause: error });
  }
  return interrupted(address, error.message, error);
}

export function interrupted(address: string, why: string, cause?: unknown): StoreError {
  const remedy = 'look at the NATS servers (systemctl status nats-server, nats server check jetstream); the coordinator goes on by itself';
  return new StoreError('store-unreachable', `NATS at ${address} does not answer for JetStream: ${why}`, remedy, { retryable: true, cause });
}

export function tooLarge(address: string, cause?: unknown): StoreError {
  return new StoreError('store-too-large', `one append is larger than NATS at ${address} takes in a message`, 'set max_payload: 8MB in nats-server.conf and reload it', cause === undefined ? {} : { cause });
}

function connectError(error: unknown, address: string): unknown {
  if (error instanceof StoreError) return error;
  if (!(error instanceof NatsError)) {
    return new StoreError('store-unreachable', `no session with NATS at ${address}: ${String(error)}`, 'check natsTls and natsCredentials against what nats-server.conf asks for', { cause: error });
  }
  if (error.isAuthError() || error.isPermissionError()) {
    return new StoreError('store-unreachable', `NATS at ${address} refuses these credentials: ${error.message}`, 'check the credentials file and the account in nats-server.conf', { cause: error });
  }
  return new StoreError('store-unreachable', `no NATS server answers at ${address}: ${error.message}`, 'start nats-server there, or correct the address (--nats)', { retryable: true, cause: error });
}

function apiCode(error: unknown): number | null {
  return error instanceof NatsError ? (error.api_error?.err_code ?? null) : null;
}

function toMessage(subject: string, sequence: number, data: Uint8Array, found: MsgHdrs | undefined): NatsMessage {
  return { subject, sequence, data, header: (name) => found?.get(name) ?? '' };
}

function toHeaders(values: Readonly<Record<string, string>>): MsgHdrs {
  const made = headers();
  for (const [name, value] of Object.entries(values)) made.set(name, value);
  return made;
}
