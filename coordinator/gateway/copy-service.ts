import { status, type sendUnaryData, type ServerReadableStream, type ServerUnaryCall, type StatusObject } from '@grpc/grpc-js';

import { SHA256_PATTERN } from '../../shared/domain/step-limits.ts';
import type { Logger } from '../../shared/ports/logger.ts';
import { failure, type Failure } from '../../shared/trust/failure.ts';
import { failureStatus } from '../../shared/wire/failure-status.ts';
import type { FindCopyRequest__Output, FindCopyResponse, SendCopyRequest__Output, SendCopyResponse, SnapshotCopiesHandlers } from '../../shared/wire/messages.ts';
import type { CopyCode, CopyFolder } from '../adapters/copy-folder.ts';
import type { CataloguedSnapshot } from '../core/cluster-snapshots.ts';
import type { SnapshotCopies } from '../runtime/snapshot-copies.ts';
import { statusOfAuthentication, type AuthenticatedCall, type Authenticator } from './authenticate.ts';
import { whileHeard } from './while-heard.ts';

/** Who sends nothing for so long is gone; it dials again and goes on. */
const IDLE_MAX_MS = 60_000;

const STATUS_OF: Readonly<Record<CopyCode | 'copy-unknown', status>> = {
  'copy-unknown': status.FAILED_PRECONDITION, 'copy-offset': status.OUT_OF_RANGE, 'copy-cut-off': status.ABORTED, 'copy-corrupt': status.DATA_LOSS, 'copy-under-way': status.ALREADY_EXISTS, 'disk-full': status.RESOURCE_EXHAUSTED,
};

export interface CopyServiceParts {
  readonly authenticator: Authenticator;
  readonly copies: SnapshotCopies;
  readonly folder: CopyFolder;
  readonly logger: Logger;
}

/** Takes sealed snapshots from the hosts that took them. */
export function copyHandlers(parts: CopyServiceParts): SnapshotCopiesHandlers {
  return {
    FindCopy: (call, callback) => answer(parts, find(parts, call), callback),
    SendCopy: (call, callback) => {
      // A sender that goes away ends the reading; without a listener it would end the process.
      call.on('error', () => undefined);
      answer(parts, receive(parts, call), callback);
    },
  };
}

type Answer<Response> = { readonly ok: true; readonly response: Response } | { readonly ok: false; readonly status: StatusObject };

function answer<Response>({ logger }: CopyServiceParts, answering: Promise<Answer<Response>>, callback: sendUnaryData<Response>): void {
  answering.then(
    (answered) => (answered.ok ? callback(null, answered.response) : callback(answered.status)),
    (error: unknown) => {
      logger.error('copy of a snapshot not taken', { error });
      callback({ code: status.UNAVAILABLE, details: 'the coordinator could not take the copy; its log says more' });
    },
  );
}

async function find({ authenticator, copies, folder }: CopyServiceParts, call: ServerUnaryCall<FindCopyRequest__Output, FindCopyResponse>): Promise<Answer<FindCopyResponse>> {
  const { sha256 } = call.request;
  const wanted = await wantedOf({ authenticator, copies }, call, sha256);
  return wanted.ok ? { ok: true, response: await folder.offsetOf(sha256) } : wanted;
}

async function receive({ authenticator, copies, folder, logger }: CopyServiceParts, call: ServerReadableStream<SendCopyRequest__Output, SendCopyResponse>): Promise<Answer<SendCopyResponse>> {
  // The certificate is asked for before anything is awaited: it is gone when the connection is.
  const naming = authenticator.node(call);
  const messages = whileHeard(call, ({ head, chunk }) => Boolean(head) || Boolean(chunk?.length), IDLE_MAX_MS);
  const first = await messages.next();
  const head = first.done === true ? null : first.value.head;
  const { sha256 = '', size = 0, offset = 0 } = head ?? {};
  const wanted = await wantedOf({ authenticator: { node: async () => await naming }, copies }, call, sha256);
  if (!wanted.ok) return wanted;
  if (size !== wanted.snapshot.record.sealed?.sizeBytes) return refuse(failure('copy-unknown', `it was announced with ${size} bytes, and its host reported ${wanted.snapshot.record.sealed?.sizeBytes}`));
  const received = await folder.receive({ sha256, sizeBytes: size, offset }, chunksOf(messages)).catch((error: unknown) => {
    if (!call.destroyed && !call.cancelled) throw error;
    return failure('copy-cut-off', 'the link was lost; what came is kept');
  });
  if (!received.ok) return refuse(received);
  await copies.arrived(wanted.snapshot);
  logger.info('copy of a snapshot arrived', { node: wanted.snapshot.node, snapshot: wanted.snapshot.record.id, size });
  return { ok: true, response: {} };
}

async function wantedOf({ authenticator, copies }: { readonly authenticator: Pick<Authenticator, 'node'>; readonly copies: SnapshotCopies }, call: AuthenticatedCall, sha256: string): Promise<{ readonly ok: true; readonly snapshot: CataloguedSnapshot } | { readonly ok: false; readonly status: StatusObject }> {
  const peer = await authenticator.node(call);
  if (!peer.ok) return { ok: false, status: failureStatus(peer, statusOfAuthentication(peer)) };
  const snapshot = SHA256_PATTERN.test(sha256) ? copies.wantedOf(peer.node, sha256) : null;
  return snapshot === null ? refuse(failure('copy-unknown', 'no sealed snapshot of these bytes was reported by this host: what is not sealed is not taken, and what is not catalogued neither')) : { ok: true, snapshot };
}

function refuse(refusal: Failure<CopyCode | 'copy-unknown'>): { readonly ok: false; readonly status: StatusObject } {
  return { ok: false, status: failureStatus(refusal, STATUS_OF[refusal.code]) };
}

async function* chunksOf(messages: AsyncIterable<SendCopyRequest__Output>): AsyncGenerator<Uint8Array> {
  for await (const { chunk } of messages) if (chunk) yield chunk;
}
