import { AwsV4Signer } from 'aws4fetch';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import { ensureRootFs } from '../fleet/root-fs.ts';
import { freePort } from './free-port.ts';

/** A real server that speaks S3, on the loopback, with a bucket `snapshots` in it. */
export interface S3Server {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  dispose(): Promise<void>;
}

export const REGION = 'us-east-1';
export const BUCKET = 'snapshots';
const START_MAX_MS = 60_000;
const ASK_MAX_MS = 2_000;
const RADOSGW_KEY = { accessKeyId: 'FARRIERTEST', secretAccessKey: 'a-secret/of+a-test' };
/** Its store in a file; no cluster, and no place for its settings but that. */
const RADOSGW_FLAGS = [
  '--no-mon-config', '--conf=/dev/null', '--rgw_config_store=dbstore', '--dbstore_config_uri=file:/tmp/config.db', '--rgw_backend_store=dbstore', '--dbstore_db_dir=/tmp', '--rgw_data=/tmp', '--run_dir=/tmp', '--admin_socket=',
  '--keyring=/tmp/none', '--auth_client_required=none', '--auth_cluster_required=none', '--auth_service_required=none',
];

/** moto of Debian 13: multipart and If-None-Match are as in S3. Who asks is not looked at: of a name with a slash it would work out another signature. */
export async function startMoto(): Promise<S3Server> {
  const port = await freePort();
  const server = await started(port, ['python3', '-m', 'moto.server', '--host', '127.0.0.1', '--port', String(port)]);
  return await withBucket({ ...server, accessKeyId: 'anybody', secretAccessKey: 'anything' });
}

/** radosgw of Debian 13 with its store in a file: signatures and digests are checked; what was put in parts cannot be read back. */
export async function startRadosgw(): Promise<S3Server> {
  const port = await freePort();
  const { accessKeyId, secretAccessKey } = RADOSGW_KEY;
  const makeUser = ['radosgw-admin', ...RADOSGW_FLAGS, 'user', 'create', '--uid=farrier', '--display-name=farrier', `--access-key=${accessKeyId}`, `--secret=${secretAccessKey}`];
  const server = await started(port, ['radosgw', '-d', ...RADOSGW_FLAGS, `--rgw_frontends=beast endpoint=127.0.0.1:${port}`], makeUser);
  return await withBucket({ ...server, ...RADOSGW_KEY });
}

/** In the root file system of a host, with a /tmp of its own; needs root. @param first runs there before it, to its end */
async function started(port: number, argv: readonly string[], first: readonly string[] = ['true']): Promise<Pick<S3Server, 'endpoint' | 'dispose'>> {
  const root = await ensureRootFs({ suite: 'trixie', extraPackages: ['python3-moto', 'python3-flask', 'python3-flask-cors', 'radosgw'] });
  const script = `mount -t tmpfs farrier-test "$0/tmp" && chroot "$0" ${first.map((word) => `'${word}'`).join(' ')} && exec chroot "$0" "$@"`;
  const inRoot = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, root, ...argv];
  // A test that dies, however it dies, leaves no server behind.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...inRoot], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const output of [child.stdout, child.stderr]) output.on('data', (chunk: Buffer) => { said = (said + chunk.toString('utf8')).slice(-4_000); });
  const endpoint = `http://127.0.0.1:${port}`;
  const dispose = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  for (const untilMs = performance.now() + START_MAX_MS; !(await answers(endpoint)); await sleep(100)) {
    if (child.exitCode === null && performance.now() < untilMs) continue;
    await dispose();
    throw new Error(`${argv.join(' ')} does not serve: ${said}`);
  }
  return { endpoint, dispose };
}

async function answers(endpoint: string): Promise<boolean> {
  return await fetch(endpoint, { signal: AbortSignal.timeout(ASK_MAX_MS) }).then(() => true, () => false);
}

async function withBucket<Server extends S3Server>(server: Server): Promise<Server> {
  const { endpoint, accessKeyId, secretAccessKey } = server;
  const { method, url, headers } = await new AwsV4Signer({ method: 'PUT', url: `${endpoint}/${BUCKET}`, service: 's3', region: REGION, accessKeyId, secretAccessKey }).sign();
  const answer = await fetch(url, { method, headers });
  if (!answer.ok) throw new Error(`the bucket was not made: ${answer.status} ${await answer.text()}`);
  return server;
}
