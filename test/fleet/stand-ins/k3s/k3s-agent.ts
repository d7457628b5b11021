import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync } from 'node:fs';
import { request } from 'node:https';
import { connect, createServer } from 'node:net';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

import { ApiClient } from '../api/api-client.ts';
import { formatKubeconfig } from '../pki/kubeconfig.ts';
import { once, put, secret } from './k3s-files.ts';
import { AGENT, IMAGES, LOCAL_PORT, NODE_PASSWORD } from './k3s-paths.ts';

export interface Joining {
  /** `https://server:6443` */
  readonly server: string;
  readonly token: string;
}

const RETRY_MS = 1000;

/** Gets this node's certificates from the server, which it trusts by the hash in the token. @returns a client of the API */
export async function joinServer({ server, token }: Joining): Promise<ApiClient> {
  await balanceTo(server);
  const [, caHash, password = token] = /^K10([0-9a-f]{64})::[^:]*:(.+)$/.exec(token.trim()) ?? [];
  const url = `https://127.0.0.1:${LOCAL_PORT}`;
  const serverCa = await askUntilAnswered(`${url}/cacerts`, password, false);
  if (caHash !== undefined && createHash('sha256').update(serverCa).digest('hex') !== caHash) throw new Error(`token CA hash does not match the Cluster CA certificate hash: ${caHash}`);
  await once(NODE_PASSWORD, () => `${secret()}\n`);
  put(`${AGENT}/server-ca.crt`, serverCa, 0o644);
  put(`${AGENT}/client-ca.crt`, await askUntilAnswered(`${url}/v1-k3s/client-ca.crt`, password, true), 0o644);
  const both = await askUntilAnswered(`${url}/v1-k3s/client-kubelet.crt`, password, true);
  const keyAt = both.indexOf('-----BEGIN EC');
  const [certificate, key] = [both.slice(0, keyAt), both.slice(keyAt)];
  put(`${AGENT}/client-kubelet.crt`, certificate);
  put(`${AGENT}/client-kubelet.key`, key);
  put(`${AGENT}/kubelet.kubeconfig`, formatKubeconfig({ server: url, cluster: 'local', user: 'user', caCertificate: serverCa, credentials: { certificate, key } }));
  return new ApiClient(`${AGENT}/kubelet.kubeconfig`);
}

/** Loads what lies in the folder of airgap images, as K3s does at each start. @returns the names of the files */
export function importImages(log: (line: string) => void): readonly string[] {
  mkdirSync(IMAGES, { recursive: true });
  const files = readdirSync(IMAGES).filter((name) => /\.(tar|tar\.(gz|zst|bz2|lz4)|tgz|txt)$/.test(name)).toSorted();
  for (const name of files) log(`level=info msg="Importing images from ${IMAGES}/${name}"`);
  return files;
}

/** K3s's load balancer: kubelets of a node dial it, and it dials the server. */
async function balanceTo(server: string): Promise<void> {
  const { hostname: host, port } = new URL(server);
  const listener = createServer((local) => {
    const remote = connect(Number(port || 6443), host);
    for (const socket of [local, remote]) socket.on('error', () => { local.destroy(); remote.destroy(); });
    local.pipe(remote).pipe(local);
  });
  await new Promise<void>((resolve, reject) => listener.on('error', reject).listen(LOCAL_PORT, '127.0.0.1', resolve));
}

async function askUntilAnswered(url: string, password: string, isSecret: boolean): Promise<string> {
  for (;;) {
    try {
      return await ask(url, password, isSecret);
    } catch (error) {
      if (String(error).includes('401')) throw new Error(`Failed to validate connection to cluster at ${url}: not authorized`, { cause: error });
      console.error(`level=error msg="Waiting to retrieve agent configuration; server is not ready: ${String(error)}"`);
      await sleep(RETRY_MS);
    }
  }
}

function ask(url: string, password: string, isSecret: boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { ...(isSecret ? { authorization: `Basic ${Buffer.from(`node:${password}`).toString('base64')}` } : {}), 'k3s-node-name': hostname().toLowerCase() };
    // The certificate of the server is not known yet: the hash in the token is what proves it.
    const call = request(url, { rejectUnauthorized: false, headers, timeout: 5000 }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => (response.statusCode === 200 ? resolve(Buffer.concat(parts).toString('utf8')) : reject(new Error(`${url}: ${response.statusCode}`))));
      response.on('error', reject);
    });
    call.on('timeout', () => call.destroy(new Error('timeout')));
    call.on('error', reject);
    call.end();
  });
}
