import { createHash } from 'node:crypto';
import { mkdirSync, symlinkSync, existsSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { hostname, networkInterfaces } from 'node:os';

import type { ClusterStore } from '../api/cluster-store.ts';
import { KineStore } from '../api/kine-store.ts';
import type { ApiAnswer } from '../api/object-api.ts';
import { serveApi } from '../api/serve-api.ts';
import { issueLeaf, makeCa, type KeyedCertificate, type LeafOrder } from '../pki/certificates.ts';
import { formatKubeconfig } from '../pki/kubeconfig.ts';
import { syncBootstrapData } from './bootstrap-data.ts';
import { EmbeddedEtcd } from './embedded-etcd.ts';
import { keepPair, once, put, secret } from './k3s-files.ts';
import { SERVER, SERVER_PORT } from './k3s-paths.ts';

export interface K3sServer {
  readonly token: string;
}

export interface K3sServerOptions {
  readonly version: string;
  /** Null: the one that lies on the disk, or a new one. */
  readonly token: string | null;
  readonly kubeconfigMode: number;
  /** An etcd of its own from the first start on. */
  readonly clusterInit: boolean;
}

const TLS = `${SERVER}/tls`;
const TOKEN = `${SERVER}/token`;
const KUBECONFIG = '/etc/rancher/k3s/k3s.yaml';

/** Starts the server half of K3s: its own certificates, its datastore (SQLite, or embedded etcd), the API, and certificates for agents. */
export async function startK3sServer({ version, token: given, kubeconfigMode, clusterInit }: K3sServerOptions): Promise<K3sServer> {
  const node = hostname().toLowerCase();
  const serverCa = await authority('server-ca', 'k3s-server-ca');
  const clientCa = await authority('client-ca', 'k3s-client-ca');
  const serving = await leaf('serving-kube-apiserver', serverCa, { commonName: 'kube-apiserver', names: ['kubernetes', 'kubernetes.default', 'localhost', node, '127.0.0.1', '10.43.0.1', ...ownAddresses()], usages: ['server'] });
  const admin = await leaf('client-admin', clientCa, { commonName: 'system:admin', organisations: ['system:masters'], usages: ['client'] });
  const token = await once(TOKEN, () => formatToken(serverCa, given ?? secret()));
  if (!existsSync(`${SERVER}/node-token`)) symlinkSync(TOKEN, `${SERVER}/node-token`);
  put(KUBECONFIG, formatKubeconfig({ server: `https://127.0.0.1:${SERVER_PORT}`, cluster: 'default', user: 'default', caCertificate: serverCa.certificate, credentials: admin }), kubeconfigMode);
  const store = await startStore(node, passwordOf(given ?? token), clusterInit);
  const extra = (request: IncomingMessage): Promise<ApiAnswer | null> => answerAgent(request, token.trim(), { serverCa, clientCa });
  const server = serveApi({ store, version, certificate: serving.certificate, key: serving.key, clientCa: clientCa.certificate, extra });
  await new Promise<void>((resolve, reject) => server.on('error', reject).listen(SERVER_PORT, resolve));
  return { token };
}

/** `--cluster-reset`: a cluster of this member alone, of its own data or of a snapshot, which another token does not open. */
export async function resetK3sCluster(given: string | null, snapshot: string | null): Promise<void> {
  if (given === null && !existsSync(TOKEN)) throw new Error(`${TOKEN} does not exist, please pass --token to complete the restoration`);
  const password = passwordOf(given ?? readFileSync(TOKEN, 'utf8'));
  // A disk that lost them gets some to start on; those of the snapshot take their place.
  await authority('server-ca', 'k3s-server-ca');
  await authority('client-ca', 'k3s-client-ca');
  const etcd = embeddedEtcd(hostname().toLowerCase());
  if (snapshot === null && existsSync(etcd.resetFlag)) throw new Error(`Managed etcd cluster membership was previously reset, please remove the cluster-reset flag and start k3s normally. If you need to perform another cluster reset, you must first manually delete the ${etcd.resetFlag} file`);
  const store = await (snapshot === null ? etcd.reset(etcdEnded) : etcd.restore(snapshot, etcdEnded));
  await syncBootstrapData(store, password, TLS);
  await etcd.stop();
  put(TOKEN, formatToken(await authority('server-ca', 'k3s-server-ca'), password));
}

async function startStore(node: string, password: string, clusterInit: boolean): Promise<ClusterStore> {
  mkdirSync(`${SERVER}/db`, { recursive: true, mode: 0o700 });
  const etcd = embeddedEtcd(node);
  if (!clusterInit && !etcd.isInitialized) return new KineStore(`${SERVER}/db/state.db`);
  const store = await etcd.start(etcdEnded);
  rmSync(etcd.resetFlag, { force: true });
  await syncBootstrapData(store, password, TLS);
  return store;
}

function embeddedEtcd(node: string): EmbeddedEtcd {
  return new EmbeddedEtcd({ server: SERVER, node, address: ownAddresses()[0] ?? '127.0.0.1' });
}

function etcdEnded(code: number | null): void {
  console.error(`level=fatal msg="etcd exited with code ${code}"`);
  process.exit(1);
}

function formatToken({ certificate }: KeyedCertificate, token: string): string {
  return `K10${createHash('sha256').update(certificate).digest('hex')}::server:${passwordOf(token)}\n`;
}

function passwordOf(token: string): string {
  return token.trim().split(':').at(-1) ?? '';
}

/** What an agent asks a server for before it has a certificate of its own: authorised by the token. */
async function answerAgent(request: IncomingMessage, token: string, { serverCa, clientCa }: { readonly serverCa: KeyedCertificate; readonly clientCa: KeyedCertificate }): Promise<ApiAnswer | null> {
  if (request.url === '/cacerts') return { code: 200, body: serverCa.certificate };
  if (request.url?.startsWith('/v1-k3s/') !== true) return null;
  const [, password = ''] = Buffer.from((request.headers.authorization ?? '').replace('Basic ', ''), 'base64').toString('utf8').split(':');
  if (password !== token.split(':').at(-1)) return { code: 401, body: 'Unauthorized\n' };
  if (request.url === '/v1-k3s/client-ca.crt') return { code: 200, body: clientCa.certificate };
  if (request.url !== '/v1-k3s/client-kubelet.crt') return { code: 404, body: '404 page not found\n' };
  const node = String(request.headers['k3s-node-name']);
  const { certificate, key } = await issueLeaf(clientCa, { commonName: `system:node:${node}`, organisations: ['system:nodes'], usages: ['client'] });
  return { code: 200, body: `${certificate}${key}` };
}

async function authority(file: string, name: string): Promise<KeyedCertificate> {
  return keepPair(`${TLS}/${file}`, () => makeCa(`${name}@${Math.floor(Date.now() / 1000)}`));
}

async function leaf(file: string, ca: KeyedCertificate, order: LeafOrder): Promise<KeyedCertificate> {
  return keepPair(`${TLS}/${file}`, () => issueLeaf(ca, order));
}

function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).filter(({ internal, family }) => !internal && family === 'IPv4').map(({ address }) => address));
}
