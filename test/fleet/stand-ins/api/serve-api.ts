import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';

import { ApiError } from './api-status.ts';
import { ANONYMOUS, type User } from './authorize.ts';
import type { ClusterStore } from './cluster-store.ts';
import { answerObjectCall, type ApiAnswer } from './object-api.ts';
import { parseResourcePath } from './resources.ts';
import { serverVersionInfo } from '../version-info.ts';

export interface ApiServerOptions {
  readonly store: ClusterStore;
  /** `v1.34.1`, `v1.34.1+k3s1`. */
  readonly version: string;
  readonly certificate: string;
  readonly key: string;
  /** Of client certificates. */
  readonly clientCa: string;
  /** Paths beside Kubernetes' own; null lets the next one answer. */
  readonly extra?: (call: IncomingMessage, body: string) => Promise<ApiAnswer | null>;
}

const BODY_BYTES_MAX = 3 * 1024 * 1024;
const ANYBODY = ['/healthz', '/livez', '/readyz', '/version'];

/** The API over HTTPS, with client certificates; the caller listens. */
export function serveApi(options: ApiServerOptions): Server {
  const { certificate, key, clientCa } = options;
  return createServer({ cert: certificate, key, ca: clientCa, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    readBody(request)
      .then((body) => answer(options, request, body))
      .catch((error: unknown) => refusalOf(error))
      .then((done) => send(response, done))
      .catch(() => response.destroy());
  });
}

async function answer(options: ApiServerOptions, request: IncomingMessage, body: string): Promise<ApiAnswer> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'https://api');
  const other = await options.extra?.(request, body);
  if (other !== undefined && other !== null) return other;
  const user = userOf(request.socket as TLSSocket);
  if (ANYBODY.some((path) => pathname === path)) return pathname === '/version' ? { code: 200, body: serverVersionInfo(options.version) } : health(options.store, pathname);
  const path = parseResourcePath(pathname);
  // What Go clients of the control plane speak among themselves is not spoken here.
  if (request.headers['content-type']?.startsWith('application/vnd.kubernetes.protobuf') === true) throw new ApiError(415, 'UnsupportedMediaType', 'the body of the request was in an unknown format - accepted media types include: application/json');
  if (path === null) throw new ApiError(404, 'NotFound', 'the server could not find the requested resource');
  return answerObjectCall(options.store, { method: request.method ?? 'GET', path, query: searchParams, contentType: request.headers['content-type'] ?? '', body, user });
}

/** A stranger's certificate is refused; no certificate at all is the anonymous user. */
function userOf(socket: TLSSocket): User {
  const { subject } = socket.getPeerCertificate();
  if (subject === undefined) return ANONYMOUS;
  if (!socket.authorized) throw new ApiError(401, 'Unauthorized', 'Unauthorized');
  const groups: string | readonly string[] | undefined = subject.O;
  return { name: String(subject.CN), groups: groups === undefined ? [] : typeof groups === 'string' ? [groups] : groups };
}

/** Plain text, as https://kubernetes.io/docs/reference/using-api/health-checks/ shows it. */
async function health(store: ClusterStore, path: string): Promise<ApiAnswer> {
  try {
    await store.get('/registry/health');
    return { code: 200, body: 'ok' };
  } catch {
    return { code: 500, body: `[+]ping ok\n[+]log ok\n[-]etcd failed: reason withheld\n${path.slice(1)} check failed\n` };
  }
}

function refusalOf(error: unknown): ApiAnswer {
  const refusal = error instanceof ApiError ? error : new ApiError(500, error instanceof SyntaxError ? 'BadRequest' : 'InternalError', String(error instanceof Error ? error.message : error));
  return { code: refusal.code, body: refusal.toStatus() };
}

function readBody(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    request.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes > BODY_BYTES_MAX) reject(new ApiError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${BODY_BYTES_MAX}`));
      else parts.push(part);
    });
    request.on('end', () => resolve(Buffer.concat(parts).toString('utf8')));
    request.on('error', reject);
  });
}

function send(response: ServerResponse, { code, body }: ApiAnswer): void {
  const isText = typeof body === 'string';
  response.writeHead(code, { 'content-type': isText ? 'text/plain; charset=utf-8' : 'application/json' });
  response.end(isText ? body : JSON.stringify(body));
}
