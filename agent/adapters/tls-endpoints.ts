import { request } from 'node:https';
import { connect } from 'node:net';

import type { Endpoints } from '../ports/endpoints.ts';

const LOOK_MAX_MS = 3_000;

export const tlsEndpoints: Endpoints = {
  accepts: (url, signal) =>
    looked(signal, (limit, done) => {
      const { hostname, port } = new URL(url);
      const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port), signal: limit });
      socket.once('connect', () => {
        socket.destroy();
        done(true);
      });
      socket.once('error', () => done(false));
    }),
  isReady: (url, signal) =>
    looked(signal, (limit, done) => {
      // Whoever answers in its place can only have this host held, which loses nothing.
      const call = request(new URL('/readyz', url), { agent: false, rejectUnauthorized: false, signal: limit }, (response) => {
        response.resume();
        response.once('error', () => done(false));
        response.once('end', () => done(response.statusCode === 200));
      });
      call.once('error', () => done(false));
      call.end();
    }),
};

/** @throws the signal's reason */
async function looked(signal: AbortSignal, look: (limit: AbortSignal, done: (is: boolean) => void) => void): Promise<boolean> {
  signal.throwIfAborted();
  const is = await new Promise<boolean>((resolve) => look(AbortSignal.any([signal, AbortSignal.timeout(LOOK_MAX_MS)]), resolve));
  signal.throwIfAborted();
  return is;
}
