import { credentials, Metadata, type ClientReadableStream, type ServiceError } from '@grpc/grpc-js';
import type { MethodDefinition } from '@grpc/proto-loader';

import type { AddArtifactResponse__Output, ArtifactHead__Output, FleetDefinition, Rollout__Output as Rollout, RunSnapshotWorkRequest, RunSnapshotWorkResponse__Output } from '../../../shared/wire/messages.ts';
import { farrier } from '../../../shared/wire/protocol.ts';
import { tlsChannel, type TlsChannel } from '../../../shared/wire/tls-channel.ts';
import { describe, explainRpcError } from './explain-rpc-error.ts';
import type { Destination } from './find-connection.ts';
import { sendArtifact } from './send-artifact.ts';

/** Longer than any honest answer takes; a rollout is watched on a stream instead. */
const CALL_MAX_MS = 30_000;

export type UnaryMethod = Exclude<keyof FleetDefinition & string, 'WatchRollout' | 'AddArtifact' | 'RunSnapshotWork'>;
type RequestOf<M extends keyof FleetDefinition> = FleetDefinition[M] extends MethodDefinition<infer In, infer _Out, infer _InRead, infer _OutRead> ? In : never;
export type ResponseOf<M extends keyof FleetDefinition> = FleetDefinition[M] extends MethodDefinition<infer _In, infer _Out, infer _InRead, infer OutRead> ? OutRead : never;

/** One connection to a coordinator. */
export interface FleetConnection {
  /** For people: `the coordinator at host:port`. */
  readonly where: string;
  /** @throws CliError with cause and remedy. */
  call<M extends UnaryMethod>(method: M, request: RequestOf<M>, signal?: AbortSignal): Promise<ResponseOf<M>>;
  /** The rollout now and after every change; ends where it is over. @throws ServiceError: some of them pass by themselves. */
  watch(rollout: string, signal: AbortSignal): AsyncIterable<Rollout>;
  /** Sends a file, however large it is. @throws CliError with cause and remedy, and what `chunks` throws. */
  addArtifact(head: ArtifactHead__Output, chunks: AsyncIterable<Buffer>, signal: AbortSignal): Promise<AddArtifactResponse__Output>;
  /** What is being done, until it is done. @throws ServiceError */
  run(work: RunSnapshotWorkRequest, signal: AbortSignal): AsyncIterable<RunSnapshotWorkResponse__Output>;
  explain(error: ServiceError): Error;
  close(): void;
}

export function openConnection(destination: Destination): FleetConnection {
  const address = destination.kind === 'socket' ? `unix:${destination.path}` : destination.address;
  const channel = channelTo(destination);
  const client = new farrier.Fleet(address, channel.credentials, {
    ...channel.options,
    // A coordinator that starts again is found soon; gRPC would wait up to two minutes.
    'grpc.initial_reconnect_backoff_ms': 300,
    'grpc.max_reconnect_backoff_ms': 3000,
    // A cable that was pulled says nothing by itself.
    'grpc.keepalive_time_ms': 10_000,
    'grpc.keepalive_timeout_ms': 5000,
    'grpc.max_receive_message_length': 64 * 1024 * 1024,
    'grpc.enable_http_proxy': 0,
  });
  return {
    where: describe(destination),
    explain: (error) => explainRpcError(error, destination),
    close: () => client.close(),
    addArtifact: async (head, chunks, signal) => {
      const answered = await sendArtifact((done) => client.AddArtifact(done), head, chunks, signal);
      if (!answered.ok) throw explainRpcError(answered.error, destination);
      return answered.response;
    },
    watch: (rollout, signal) => rolloutsOf(client.WatchRollout({ rollout }), signal),
    run: (work, signal) => messagesOf<RunSnapshotWorkResponse__Output>(client.RunSnapshotWork(work), signal),
    async call(method, request, signal) {
      const definition = farrier.Fleet.service[method] as unknown as MethodDefinition<object, object, object, object>;
      return await new Promise((resolve, reject) => {
        const deadline = Date.now() + CALL_MAX_MS;
        const call = client.makeUnaryRequest(definition.path, definition.requestSerialize, definition.responseDeserialize, request as object, new Metadata(), { deadline }, (error, response) => {
          signal?.removeEventListener('abort', cancel);
          if (error !== null) reject(explainRpcError(error, destination));
          else resolve(response as ResponseOf<typeof method>);
        });
        const cancel = (): void => call.cancel();
        signal?.addEventListener('abort', cancel, { once: true });
      });
    },
  };
}

async function* rolloutsOf(stream: ClientReadableStream<{ readonly rollout: Rollout | null }>, signal: AbortSignal): AsyncIterable<Rollout> {
  for await (const { rollout } of messagesOf(stream, signal)) if (rollout !== null) yield rollout;
}

async function* messagesOf<Message>(stream: ClientReadableStream<Message>, signal: AbortSignal): AsyncIterable<Message> {
  const cancel = (): void => stream.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  try {
    yield* stream as AsyncIterable<Message>;
  } finally {
    signal.removeEventListener('abort', cancel);
    stream.cancel();
  }
}

function channelTo(destination: Destination): TlsChannel {
  if (destination.kind === 'socket') return { credentials: credentials.createInsecure(), options: {} };
  const { address, operator } = destination;
  return tlsChannel(address, { caPem: operator.caPem, keyPem: operator.privateKeyPem, certificatePem: operator.certificatePem });
}
