import { status } from '@grpc/grpc-js';
import { type ClientHttp2Stream, connect, constants, type IncomingHttpHeaders } from 'node:http2';
import { unescape } from 'node:querystring';

import { etcdInterface } from '../../../shared/wire/etcd-interface.ts';
import type { SnapshotPart } from '../../ports/etcd.ts';
import { GrpcRefusal } from '../call-grpc.ts';
import { eachPart } from './each-part.ts';
import type { EtcdClients } from './open-etcd.ts';

/** As long as it lasts the member can free no page of its database: 8 GiB at 1.2 MB/s. */
const SNAPSHOT_MAX_S = 2 * 60 * 60;
/** Without one more part, while we wait for it. */
const SILENCE_MAX_MS = 60_000;
/** What may be on its way: with HTTP/2's own 64 KiB the member waits for us again and again. */
const FLOW_WINDOW_BYTES = 4 * 1024 * 1024;
/** gRPC's frame around SnapshotRequest, which has no fields: not compressed, and no bytes. */
const REQUEST = Buffer.alloc(5);

/**
 * The Snapshot call by gRPC's protocol, but without its client: that puts every message together in memory of its own, which
 * costs more than hashing and writing it. To the end of the stream, whatever is said to remain; no faster than `take` resolves.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 *
 * @throws GrpcRefusal, and what `take` throws.
 */
export async function streamSnapshot({ endpoint, pems }: EtcdClients, take: (part: SnapshotPart) => Promise<void>, signal: AbortSignal): Promise<void> {
  const session = connect(endpoint, { ca: pems.caPem, cert: pems.certificatePem, key: pems.keyPem, settings: { enablePush: false, initialWindowSize: FLOW_WINDOW_BYTES } });
  session.once('connect', () => session.setLocalWindowSize(FLOW_WINDOW_BYTES));
  // The first thing that went wrong is why; what follows from it says less.
  let why: { readonly code: status; readonly details: string } | null = null;
  session.on('error', ({ message }: Error) => {
    why ??= { code: status.UNAVAILABLE, details: message };
  });
  const end = (): void => session.destroy();
  signal.addEventListener('abort', end, { once: true });
  let isTaking = false;
  const silence = setTimeout(() => {
    if (isTaking) return;
    why ??= { code: status.DEADLINE_EXCEEDED, details: `too little came for ${SILENCE_MAX_MS / 1000} s` };
    end();
  }, SILENCE_MAX_MS);
  const refused: unknown[] = [];
  const takeOne = async (part: SnapshotPart): Promise<void> => {
    isTaking = true;
    try {
      await take(part);
      signal.throwIfAborted();
    } catch (cause) {
      refused.push(cause);
      throw cause;
    }
    isTaking = false;
    silence.refresh();
  };
  const stream = session.request({
    [constants.HTTP2_HEADER_METHOD]: 'POST',
    [constants.HTTP2_HEADER_PATH]: etcdInterface().Maintenance.service.Snapshot.path,
    [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
    [constants.HTTP2_HEADER_TE]: 'trailers',
    'grpc-timeout': `${SNAPSHOT_MAX_S}S`,
  });
  const ended = endOf(stream);
  // It is thrown where the parts are read; what comes after that tells nothing new.
  stream.on('error', () => undefined);
  try {
    stream.end(REQUEST);
    await eachPart(stream, takeOne);
    const said = await ended;
    if (said.code !== status.OK) throw new GrpcRefusal(said);
  } catch (error) {
    if (refused.length > 0) throw refused[0];
    if (error instanceof GrpcRefusal) throw error;
    // The parser's word, or the stream's.
    throw new GrpcRefusal(why ?? { code: error instanceof RangeError ? status.INTERNAL : status.UNAVAILABLE, details: (error as Error).message });
  } finally {
    clearTimeout(silence);
    signal.removeEventListener('abort', end);
    end();
  }
}

/** How gRPC says that a call ended: in trailers, or in the headers where nothing else comes. */
async function endOf(stream: ClientHttp2Stream): Promise<{ readonly code: status; readonly details: string }> {
  return await new Promise((resolve) => {
    let headers: IncomingHttpHeaders = {};
    const note = (more: IncomingHttpHeaders): void => {
      headers = { ...headers, ...more };
    };
    stream.once('response', note).once('trailers', note);
    stream.once('close', () => {
      const [code, message] = [headers['grpc-status'], headers['grpc-message']];
      if (typeof code === 'string') resolve({ code: Number(code), details: unescape(typeof message === 'string' ? message : '') });
      else resolve({ code: status.UNAVAILABLE, details: 'the stream broke off' });
    });
  });
}
