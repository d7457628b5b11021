import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { EtcdPlace } from '../../agent/ports/etcd.ts';
import { mustRun } from '../fleet/run-program.ts';
import { type EtcdFilling, fillEtcd } from './etcd-fill.ts';
import type { KeyedCertificate } from '../fleet/stand-ins/pki/certificates.ts';
import { type EtcdPki, makeEtcdCa, makeEtcdPki, type ServerOrder } from './etcd-pki.ts';
import type { EtcdPrograms } from './etcd-programs.ts';
import { freePorts } from './free-port.ts';

/** A real member on the loopback, which asks its clients for a certificate. */
export interface RunningEtcd {
  readonly place: EtcdPlace;
  readonly pki: EtcdPki;
  readonly dataDir: string;
  /** What runs, and with which flags. */
  readonly program: string;
  readonly flags: readonly string[];
  readonly pid: () => number;
  /** etcdctl, asked about this member. @returns what it wrote */
  ctl(...args: readonly string[]): Promise<string>;
  /** Puts keys `PREFIX/0`, `PREFIX/1` and so on. */
  fill(filling: EtcdFilling): Promise<void>;
  isRunning(): boolean;
  /** kill -9, as a crash would. */
  kill(): Promise<void>;
  /** Ends it orderly, as its unit is stopped. */
  stop(): Promise<void>;
  /** Starts it again with the same data. */
  restart(): Promise<void>;
  /** Stops it and removes its data. */
  dispose(): Promise<void>;
}

export interface EtcdOptions {
  readonly server?: ServerOrder;
  /** Members speak TLS among themselves too. */
  readonly peerTls?: boolean;
  /** More arguments of etcd's. */
  readonly flags?: readonly string[];
  /** Each member runs a copy of its own, which may be replaced. */
  readonly ownProgram?: boolean;
}

const START_MAX_MS = 60_000;
/** Both releases say it when clients are served. */
const SERVING = /serving client traffic securely/;

/** One member, which is its whole cluster. @throws when it does not come up. */
export async function startEtcd(programs: EtcdPrograms, options: EtcdOptions = {}): Promise<RunningEtcd> {
  const [member] = await startEtcdCluster(programs, 1, options);
  if (member === undefined) throw new Error('no member');
  return member;
}

/** Members of one new cluster. */
export async function startEtcdCluster(programs: EtcdPrograms, count: number, options: EtcdOptions = {}): Promise<readonly RunningEtcd[]> {
  const ports = await freePorts(2 * count);
  const ca = await makeEtcdCa();
  const places = await Promise.all(Array.from({ length: count }, (_none, index) => placeOf(`m${index}`, ports.slice(2 * index, 2 * index + 2), ca, options)));
  const cluster = places.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',');
  return await Promise.all(places.map((own) => run(programs, own, ['--initial-cluster', cluster, '--initial-cluster-token', places[0]?.folder ?? '', ...(options.flags ?? [])], options)));
}

/** One more member of a cluster that runs: it learns and has no vote. */
export async function startEtcdLearner(programs: EtcdPrograms, cluster: readonly RunningEtcd[], options: EtcdOptions = {}): Promise<RunningEtcd> {
  const own = await placeOf('learner', await freePorts(2), cluster[0]?.pki.ca ?? null, options);
  const said = await cluster[0]?.ctl('member', 'add', own.name, '--learner', `--peer-urls=${own.peerUrl}`);
  const [, members = ''] = /ETCD_INITIAL_CLUSTER="(.*)"/.exec(said ?? '') ?? [];
  return await run(programs, own, ['--initial-cluster', members, '--initial-cluster-state', 'existing', ...(options.flags ?? [])], options);
}

interface Place {
  readonly name: string;
  readonly folder: string;
  readonly pki: EtcdPki;
  readonly clientUrl: string;
  readonly peerUrl: string;
}

async function placeOf(name: string, [clientPort, peerPort]: readonly number[], ca: KeyedCertificate | null, { server, peerTls = false }: EtcdOptions): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'farrier-etcd-'));
  return { name, folder, pki: await makeEtcdPki(join(folder, 'pki'), server, ca), clientUrl: `https://127.0.0.1:${clientPort}`, peerUrl: `${peerTls ? 'https' : 'http'}://127.0.0.1:${peerPort}` };
}

async function run({ etcd, etcdctl }: EtcdPrograms, { name, folder, pki, clientUrl, peerUrl }: Place, flags: readonly string[], { ownProgram = false }: EtcdOptions): Promise<RunningEtcd> {
  const program = ownProgram ? join(folder, 'etcd') : etcd;
  if (ownProgram) copyFileSync(etcd, program);
  const dataDir = join(folder, 'data');
  mkdirSync(dataDir, { mode: 0o700 });
  const argv = [
    '--name', name, '--data-dir', dataDir, '--logger', 'zap',
    '--listen-client-urls', clientUrl, '--advertise-client-urls', clientUrl, '--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl,
    '--client-cert-auth', '--trusted-ca-file', pki.caFile, '--cert-file', pki.serverCertificateFile, '--key-file', pki.serverKeyFile,
    ...(peerUrl.startsWith('https:') ? ['--peer-auto-tls'] : []),
    ...flags,
  ];
  let child = await started(program, argv);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (!isRunning(child)) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  };
  const kill = async (): Promise<void> => await end('SIGKILL');
  const place = { endpoint: clientUrl, caFile: pki.caFile, certificateFile: pki.certificateFile, keyFile: pki.keyFile };
  return {
    place, pki, dataDir, program, flags: argv,
    pid: () => child.pid ?? Number.NaN,
    ctl: (...args) => mustRun([etcdctl, ...ctlFlags(place), ...args], { timeoutMs: 60_000, env: { ...process.env, ETCDCTL_API: '3' } }),
    fill: (filling) => fillEtcd(place, filling),
    isRunning: () => isRunning(child),
    kill,
    stop: async () => await end('SIGTERM'),
    restart: async () => {
      child = await started(program, argv);
    },
    dispose: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function ctlFlags({ endpoint, caFile, certificateFile, keyFile }: EtcdPlace): readonly string[] {
  return ['--endpoints', endpoint, '--cacert', caFile, '--cert', certificateFile, '--key', keyFile];
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

async function started(program: string, argv: readonly string[]): Promise<ChildProcess> {
  // A test that dies, however it dies, leaves no member behind.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...argv], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string): void => {
      child.kill('SIGKILL');
      reject(new Error(`etcd ${why}: ${said}`));
    };
    const timer = setTimeout(() => fail('did not come up'), START_MAX_MS);
    child.once('exit', () => fail('ended'));
    child.once('error', reject);
    child.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-4000);
      if (!SERVING.test(said)) return;
      clearTimeout(timer);
      resolve();
    });
  });
  return child;
}
