import { join } from 'node:path';

import { CliError } from '../cli-error.ts';
import type { CliIo } from '../cli-io.ts';
import type { OperatorFile } from './operator-file.ts';
import { exists, readOperatorFile } from './operator-file.ts';

export const DEFAULT_SOCKET = '/run/farrier-coordinator/admin.sock';

export interface ConnectionOptions {
  /** host:port; else the operator file's. */
  readonly server?: string;
  /** Path of the operator file. */
  readonly operator?: string;
  /** Path of the Unix socket. */
  readonly socket?: string;
}

export type Destination =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'server'; readonly address: string; readonly operator: OperatorFile; readonly operatorPath: string };

/** What was said on the command line, then the environment, then the operator file at its usual place, then the socket. */
export async function findConnection(options: ConnectionOptions, io: Pick<CliIo, 'env' | 'homeDir' | 'clock'>): Promise<Destination> {
  if (options.socket !== undefined) return socketAt(options.socket);
  const said = options.operator ?? io.env['FARRIER_OPERATOR'];
  const usual = defaultOperatorFile(io);
  if (said !== undefined || options.server !== undefined || (await exists(usual))) return await serverBy(said ?? usual, options.server, io.clock.wallUnixMs());
  if (await exists(DEFAULT_SOCKET)) return { kind: 'socket', path: DEFAULT_SOCKET };
  throw new CliError(
    'not-reachable',
    `no way to a coordinator: there is neither an operator file at ${usual} nor a socket at ${DEFAULT_SOCKET}`,
    'on the coordinator’s host, as root, start it: systemctl enable --now farrier-coordinator; elsewhere an admin makes the file: farrier operator create NAME --role ROLE --out FILE',
  );
}

export function defaultOperatorFile({ env, homeDir }: Pick<CliIo, 'env' | 'homeDir'>): string {
  return join(env['XDG_CONFIG_HOME'] ?? join(homeDir, '.config'), 'farrier', 'operator.json');
}

async function socketAt(path: string): Promise<Destination> {
  if (await exists(path)) return { kind: 'socket', path };
  throw new CliError('not-reachable', `there is no socket at ${path}`, 'check the path, and that farrier-coordinator runs: systemctl status farrier-coordinator');
}

async function serverBy(operatorPath: string, server: string | undefined, nowUnixMs: number): Promise<Destination> {
  const operator = await readOperatorFile(operatorPath, nowUnixMs);
  const address = server ?? operator.server;
  if (!/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/.test(address)) throw new CliError('usage', `${JSON.stringify(address)} is no address`, 'write host:port, as coordinator.example.net:7443');
  return { kind: 'server', address, operator, operatorPath };
}
