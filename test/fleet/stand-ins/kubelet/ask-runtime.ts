import { connect as connectHttp } from 'node:http2';
import { connect } from 'node:net';

/** What a container runtime says of itself. */
export interface RuntimeSays {
  readonly name: string;
  readonly version: string;
}

const ANSWER_MAX_MS = 10_000;
const VERSION_CALL = '/runtime.v1.RuntimeService/Version';

/**
 * Asks a runtime as the kubelet does at its start: one gRPC call over the socket. By hand, for a stand-in is one file.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md @throws with the status of the call where it is refused
 */
export function askRuntime(endpoint: string): Promise<RuntimeSays> {
  return new Promise((resolve, reject) => {
    const session = connectHttp('http://localhost', { createConnection: () => connect(endpoint.replace(/^unix:\/\//, '')) });
    const fail = (error: Error): void => {
      session.destroy();
      reject(error);
    };
    session.on('error', fail);
    const call = session.request({ ':method': 'POST', ':path': VERSION_CALL, 'content-type': 'application/grpc', te: 'trailers' });
    const parts: Buffer[] = [];
    let status = '';
    let message = '';
    const see = (headers: Readonly<Record<string, unknown>>): void => {
      status = String(headers['grpc-status'] ?? status);
      message = String(headers['grpc-message'] ?? message);
    };
    call.setTimeout(ANSWER_MAX_MS, () => fail(new Error('rpc error: code = DeadlineExceeded desc = context deadline exceeded')));
    call.on('response', see);
    call.on('trailers', see);
    call.on('data', (part: Buffer) => parts.push(part));
    call.on('error', fail);
    call.on('end', () => {
      session.close();
      if (status === '0') resolve(readVersion(Buffer.concat(parts)));
      else reject(new Error(`rpc error: code = ${status === '12' ? 'Unimplemented' : `Code(${status})`} desc = ${message}`));
    });
    // A frame without compression, of an empty message.
    call.end(Buffer.alloc(5));
  });
}

/** VersionResponse: runtime_name is its field 2, runtime_version its field 3; all of them are short texts. */
function readVersion(frame: Buffer): RuntimeSays {
  const texts = new Map<number, string>();
  for (let at = 5; at + 1 < frame.length; ) {
    const [field, length] = [(frame[at] ?? 0) >> 3, frame[at + 1] ?? 0];
    texts.set(field, frame.toString('utf8', at + 2, at + 2 + length));
    at += 2 + length;
  }
  return { name: texts.get(2) ?? '', version: texts.get(3) ?? '' };
}

/** As the kubelet writes it into the status of its node: numbers alone, `containerd://1.6.20` of `1.6.20~ds1`. */
export function runtimeVersionOf({ name, version }: RuntimeSays): string {
  return `${name}://${/^v?(\d+(?:\.\d+)*)/.exec(version)?.[1] ?? ''}`;
}
