import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';

import type { RuntimeSays } from './kubelet/ask-runtime.ts';

/** What a stand-in of a container runtime answers; it runs nothing. */
export interface CriAnswers {
  /** @throws where there is no runtime behind it */
  readonly version: () => Promise<RuntimeSays>;
  /** Names of runtimes that a RuntimeClass can name; absent: the runtime does not say its status. */
  readonly handlers?: readonly string[];
}

const SERVICE = '/runtime.v1.RuntimeService/';
const OK = '0';
const UNIMPLEMENTED = '12';
const UNAVAILABLE = '14';

/** Answers runtime.v1 where systemd or the program listens. gRPC by hand, for a stand-in is one file. */
export function serveCri(answers: CriAnswers, listen: { readonly fd: number } | { readonly path: string }): Http2Server {
  const server = createServer();
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    const method = String(headers[':path']).replace(SERVICE, '');
    respond(method, answers).then((message) => answer(stream, message), (error: unknown) => refuse(stream, UNAVAILABLE, String(error)));
  });
  server.listen(listen);
  return server;
}

/** @returns null where there is no such call */
async function respond(method: string, { version, handlers }: CriAnswers): Promise<Buffer | null> {
  const { name, version: release } = await version();
  if (method === 'Version') return Buffer.concat([text(1, '0.1.0'), text(2, name), text(3, release), text(4, 'v1')]);
  if (method !== 'Status' || handlers === undefined) return null;
  const ready = nested(1, Buffer.concat([text(1, 'RuntimeReady'), Buffer.from([(2 << 3) | 0, 1])]));
  return Buffer.concat([nested(1, ready), ...handlers.map((handler) => nested(3, text(1, handler)))]);
}

function answer(stream: ServerHttp2Stream, message: Buffer | null): void {
  if (message === null) {
    refuse(stream, UNIMPLEMENTED, 'unknown method');
    return;
  }
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(message.length, 1);
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': OK }));
  stream.end(Buffer.concat([frame, message]));
}

function refuse(stream: ServerHttp2Stream, status: string, message: string): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': status, 'grpc-message': message }, { endStream: true });
}

function text(field: number, value: string): Buffer {
  return nested(field, Buffer.from(value));
}

/** Of protobuf's length-delimited fields those of less than 128 bytes: all that is sent here is short. */
function nested(field: number, value: Buffer): Buffer {
  if (value.length > 127) throw new Error(`field ${field} is too long for this stand-in`);
  return Buffer.concat([Buffer.from([(field << 3) | 2, value.length]), value]);
}
