import { ServerCredentials, type Server } from '@grpc/grpc-js';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';

/** Far below any human patience; a living socket answers at once. */
const PROBE_MS = 1_000;

/**
 * Binds a server to a Unix socket that only its owner can reach: folder 0700, socket 0600. The folder guards the moment
 * between bind and chmod. A socket that nobody listens on any more is replaced.
 * @throws where another process listens there.
 */
export async function bindLocalSocket(server: Server, path: string): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  if (await isListening(path)) throw new Error(`another process listens on ${path}; stop it first, or set adminSocket to another path`);
  await rm(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) => (error === null ? resolve() : reject(error)));
  });
  await chmod(path, 0o600);
}

async function isListening(path: string): Promise<boolean> {
  return await new Promise<boolean>((resolve) => {
    const socket = connect(path);
    const answer = (listening: boolean): void => {
      socket.destroy();
      resolve(listening);
    };
    socket.setTimeout(PROBE_MS, () => answer(true));
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}
