import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { once } from 'node:events';

import { cacheFolder } from '../fleet/cache-folder.ts';
import { downloadDebianPackages } from '../fleet/debian-packages.ts';
import { mustRun } from '../fleet/run-program.ts';
import { hadOrSayWhy } from './had-or-say-why.ts';

export interface RunningNats {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  readonly monitorUrl: string;
  /** kill -9, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again on the same port and store. */
  restart(): Promise<void>;
  /** Stops it and removes its store. */
  dispose(): Promise<void>;
}

export interface NatsServerOptions {
  readonly sync: 'always' | 'default';
  readonly jetStream?: boolean;
  /** More of nats-server.conf. */
  readonly config?: string;
}

/** A member of a busy cluster has to catch up first. */
const startMaxMs = 60_000;
const askEveryMs = 100;

/** The program of Debian 13's nats-server, unpacked in the cache and not installed. @throws when it cannot be had. */
export async function natsServerProgram(): Promise<string> {
  const [deb = ''] = await downloadDebianPackages('trixie', ['nats-server']);
  const folder = join(cacheFolder('nats'), basename(deb, '.deb'));
  const program = join(folder, 'usr', 'sbin', 'nats-server');
  if (!existsSync(program)) await mustRun(['dpkg-deb', '-x', deb, folder]);
  return program;
}

/** As natsServerProgram; null, and says why, where it cannot be had. */
export function natsServerOrSayWhy(what: string): Promise<string | null> {
  return hadOrSayWhy(what, 'nats-server of Debian 13 cannot be had', natsServerProgram);
}

/** One real server with JetStream on the loopback. */
export async function startNats(program: string, options: NatsServerOptions): Promise<RunningNats> {
  const own = await place(options);
  const server = await run(program, own, options.config ?? '');
  await server.healthy();
  return server;
}

/** Several real servers on the loopback that are one cluster; a stream can have a copy on each. */
export async function startNatsCluster(program: string, count: number, options: NatsServerOptions): Promise<readonly RunningNats[]> {
  const places = await Promise.all(Array.from({ length: count }, () => place(options)));
  const routes = places.map(({ clusterPort }) => `nats-route://127.0.0.1:${clusterPort}`).join(', ');
  const servers = await Promise.all(places.map((own) => run(program, own, `cluster { name: test, listen: 127.0.0.1:${own.clusterPort}, routes: [${routes}] }`)));
  await Promise.all(servers.map((server) => server.healthy()));
  return servers;
}

interface Place {
  readonly folder: string;
  readonly port: number;
  readonly monitorPort: number;
  readonly clusterPort: number;
  readonly jetStream: string;
}

async function place(options: NatsServerOptions): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'farrier-nats-'));
  const sync = options.sync === 'always' ? ', sync_interval: always' : '';
  const jetStream = options.jetStream === false ? '' : `jetstream { store_dir: "${folder}/store"${sync} }`;
  return { folder, port: await freePort(), monitorPort: await freePort(), clusterPort: await freePort(), jetStream };
}

async function run(program: string, own: Place, cluster: string): Promise<RunningNats & { healthy(): Promise<void> }> {
  const config = join(own.folder, 'nats-server.conf');
  const monitorUrl = `http://127.0.0.1:${own.monitorPort}`;
  writeFileSync(config, `server_name: s${own.port}\nlisten: 127.0.0.1:${own.port}\nhttp: 127.0.0.1:${own.monitorPort}\n${own.jetStream}\n${cluster}\n`);
  let server = start(program, config);
  const kill = async (): Promise<void> => {
    if (server.child.exitCode !== null || server.child.signalCode !== null) return;
    server.child.kill('SIGKILL');
    await once(server.child, 'exit');
  };
  const healthy = (): Promise<void> => untilHealthy(server, monitorUrl);
  return {
    address: `127.0.0.1:${own.port}`,
    monitorUrl,
    kill,
    healthy,
    restart: async () => {
      server = start(program, config);
      await healthy();
    },
    dispose: async () => {
      await kill();
      rmSync(own.folder, { recursive: true, force: true });
    },
  };
}

interface StartedServer {
  readonly child: ChildProcess;
  said(): string;
}

function start(program: string, config: string): StartedServer {
  const child = spawn(program, ['--config', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  process.once('exit', () => child.kill('SIGKILL')); // A test that dies leaves no server behind.
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-4000);
  });
  return { child, said: () => said };
}

async function untilHealthy({ child, said }: StartedServer, monitorUrl: string): Promise<void> {
  for (const deadline = performance.now() + startMaxMs; ; ) {
    if (await fetch(`${monitorUrl}/healthz`).then(({ ok }) => ok, () => false)) return;
    if (child.exitCode !== null || performance.now() > deadline) throw new Error(`nats-server did not start: ${said()}`);
    await new Promise((resolve) => setTimeout(resolve, askEveryMs));
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
