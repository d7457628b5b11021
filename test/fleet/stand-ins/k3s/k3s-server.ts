import { createHash } from 'node:crypto';
import { mkdirSync, symlinkSync, existsSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { hostname, networkInterfaces } from 'node:os';

import { KineStore } from '../api/kine-store.ts';
import type { ApiAnswer } from '../api/object-api.ts';
import { serveApi } from '../api/serve-api.ts';
import { issueLeaf, makeCa, type KeyedCertificate, type LeafOrder } from '../pki/certificates.ts';
import { formatKubeconfig } from '../pki/kubeconfig.ts';
import { once, put, secret } from './k3s-files.ts';
import { SERVER, SERVER_PORT } from './k3s-paths.ts';

export interface K3sServer {
  readonly token: string;
}

const TLS = `${SERVER}/tls`;
const KUBECONFIG = '/etc/rancher/k3s/k3s.yaml';

/** Starts the server half of K3s: its own certificates, its SQLite datastore, the API, and certificates for agents. */
export async function startK3sServer(version: string, givenToken: string | null, kubeconfigMode: number): Promise<K3sServer> {
  const node = hostname().toLowerCase();
  const serverCa = await authority('server-ca', 'k3s-server-ca');
  const clientCa = await authority('client-ca', 'k3s-client-ca');
  const serving = await leaf('serving-kube-apiserver', serverCa, { commonName: 'kube-apiserver', names: ['kubernetes', 'kubernetes.default', 'localhost', node, '127.0.0.1', '10.43.0.1', ...ownAddresses()], usages: ['server'] });
  const admin = await leaf('client-admin', clientCa, { commonName: 'system:admin', organisations: ['system:masters'], usages: ['client'] });
  const caHash = createHash('sha256').update(serverCa.certificate).digest('hex');
  const token = await once(`${SERVER}/token`, () => `K10${caHash}::server:${givenToken?.split(':').at(-1) ?? secret()}\n`);
  if (!existsSync(`${SERVER}/node-token`)) symlinkSync(`${SERVER}/token`, `${SERVER}/node-token`);
  put(KUBECONFIG, formatKubeconfig({ server: `https://127.0.0.1:${SERVER_PORT}`, cluster: 'default', user: 'default', caCertificate: serverCa.certificate, credentials: admin }), kubeconfigMode);
  mkdirSync(`${SERVER}/db`, { recursive: true, mode: 0o700 });
  const store = new KineStore(`${SERVER}/db/state.db`);
  const extra = (request: IncomingMessage): Promise<ApiAnswer | null> => answerAgent(request, token.trim(), { serverCa, clientCa });
  const server = serveApi({ store, version, certificate: serving.certificate, key: serving.key, clientCa: clientCa.certificate, extra });
  await new Promise<void>((resolve, reject) => server.on('error', reject).listen(SERVER_PORT, resolve));
  return { token };
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
  return keep(file, () => makeCa(`${name}@${Math.floor(Date.now() / 1000)}`));
}

async function leaf(file: string, ca: KeyedCertificate, order: LeafOrder): Promise<KeyedCertificate> {
  return keep(file, () => issueLeaf(ca, order));
}

async function keep(file: string, make: () => Promise<KeyedCertificate>): Promise<KeyedCertificate> {
  const path = `${TLS}/${file}`;
  let made: KeyedCertificate | null = null;
  const half = async (which: keyof KeyedCertificate): Promise<string> => (made ??= await make())[which];
  const key = await once(`${path}.key`, () => half('key'));
  return { key, certificate: await once(`${path}.crt`, () => half('certificate'), 0o644) };
}

function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).filter(({ internal, family }) => !internal && family === 'IPv4').map(({ address }) => address));
}
