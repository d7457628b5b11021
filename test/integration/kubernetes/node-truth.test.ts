import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { kubeletTruth } from '../../../agent/adapters/kubernetes/kubelet-truth.ts';
import type { NodeAnswer } from '../../../agent/ports/node-truth.ts';

const look = (path: string, signal: AbortSignal): Promise<NodeAnswer> => kubeletTruth({ kubeconfig: path, config: '', manifests: '' }).node(signal);
const forever = new AbortController().signal;
const NODE = '/api/v1/nodes/edge-1';
const LEASE = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/edge-1';
const folder = mkdtempSync(join(tmpdir(), 'farrier-truth-'));
const pem = (name: string): string => readFileSync(join(folder, name), 'utf8');

let server: Server;
let port: number;
let asked: string[];
let answers: Record<string, unknown>;

/** A CA, the API's certificate and the kubelet's, as openssl makes them. */
function makeCertificate(name: string, subject: string, extra: readonly string[]): void {
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', subject, '-keyout', `${name}.key`, '-out', `${name}.crt`, ...extra], { cwd: folder, stdio: 'ignore' });
}

beforeAll(async () => {
  makeCertificate('ca', '/CN=ca', []);
  const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key'];
  makeCertificate('api', '/CN=api', [...signed, '-addext', 'subjectAltName=IP:127.0.0.1', '-addext', 'basicConstraints=critical,CA:FALSE']);
  makeCertificate('kubelet', '/O=system:nodes/CN=system:node:edge-1', [...signed, '-addext', 'basicConstraints=critical,CA:FALSE']);
  makeCertificate('stranger', '/CN=system:node:edge-1', []);
  makeCertificate('person', '/CN=kubernetes-admin', signed);
  server = createServer({ key: pem('api.key'), cert: pem('api.crt'), ca: pem('ca.crt'), requestCert: true, rejectUnauthorized: true }, (request, response) => {
    asked.push(`${(request.socket as TLSSocket).getPeerCertificate().subject.CN} ${request.url}`);
    answer(response, answers[request.url ?? '']);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

function answer(response: ServerResponse, body: unknown): void {
  if (typeof body === 'function') return (body as (response: ServerResponse) => void)(response);
  response.writeHead(body === undefined ? 404 : 200);
  response.end(typeof body === 'string' ? body : JSON.stringify(body ?? { kind: 'Status' }));
}

const node = (change: object = {}): object => ({ status: { nodeInfo: { kubeletVersion: 'v1.34.1+k3s1' }, conditions: [{ type: 'MemoryPressure', status: 'False' }, { type: 'Ready', status: 'True', lastHeartbeatTime: '2026-01-01T00:00:00Z' }], ...change } });

beforeEach(() => {
  asked = [];
  answers = { [NODE]: node(), [LEASE]: { spec: { renewTime: '2026-01-01T00:00:07.250000Z' } } };
});

/** As K3s writes it, with paths, and as kubeadm does, with data. */
function kubeconfig(form: 'paths' | 'data', user = 'kubelet', at = port): string {
  const base64 = (name: string): string => Buffer.from(pem(name)).toString('base64');
  const [cluster, who] = form === 'paths'
    ? [`certificate-authority: ${folder}/ca.crt`, `client-certificate: ${folder}/${user}.crt, client-key: ${user}.key`]
    : [`certificate-authority-data: ${base64('ca.crt')}`, `client-certificate-data: ${base64(`${user}.crt`)}, client-key-data: ${base64(`${user}.key`)}`];
  const path = join(folder, 'kubelet.kubeconfig');
  writeFileSync(path, `apiVersion: v1
kind: Config
current-context: Default
clusters: [{ name: other, cluster: { server: "https://127.0.0.1:1" } }, { name: local, cluster: { server: "https://127.0.0.1:${at}", ${cluster} } }]
users: [{ name: user, user: { ${who} } }]
contexts: [{ name: Default, context: { cluster: local, user: user } }]
`);
  return path;
}

test.each(['paths', 'data'] as const)('reads the node and its lease as the kubelet itself, from a kubeconfig with %s', async (form) => {
  expect(await look(kubeconfig(form), forever)).toEqual({ reached: true, node: { name: 'edge-1', kubeletVersion: 'v1.34.1+k3s1', runtimeVersion: '', ready: true, reason: '', heartbeatUnixMs: Date.UTC(2026, 0, 1, 0, 0, 7, 250) } });
  expect(asked).toEqual([`system:node:edge-1 ${NODE}`, `system:node:edge-1 ${LEASE}`]);
});

test('a node that was never heard of has no heartbeat', async () => {
  answers = { [NODE]: node({ conditions: [] }), [LEASE]: { spec: {} } };
  expect(await look(kubeconfig('paths'), forever)).toMatchObject({ reached: true, node: { ready: false, heartbeatUnixMs: 0 } });
});

test.each<[string, () => string, RegExp]>([
  ['a server that nobody listens on', () => kubeconfig('paths', 'kubelet', 1), /ECONNREFUSED/],
  ['a certificate of another CA', () => kubeconfig('paths', 'stranger'), /alert|ECONNRESET|hang up|certificate/i],
  ['a certificate that is no node’s', () => kubeconfig('paths', 'person'), /is not a node's/],
  ['no kubeconfig', () => join(folder, 'nowhere'), /ENOENT/],
  ['a node that the API does not know', () => (delete answers[NODE], kubeconfig('paths')), /404/],
  ['an answer that is no JSON', () => ((answers[NODE] = 'oops'), kubeconfig('paths')), /JSON/],
  ['an answer without an end', () => ((answers[NODE] = endless), kubeconfig('paths')), /longer than 4194304 bytes/],
  ['a redirect', () => ((answers[NODE] = (response: ServerResponse) => response.writeHead(302, { location: 'https://127.0.0.1:1/' }).end()), kubeconfig('paths')), /302/],
])('%s is no truth', async (_name, path, why) => {
  expect(await look(path(), forever)).toEqual({ reached: false, why: expect.stringMatching(why) as string });
});

function endless(response: ServerResponse): void {
  response.on('error', () => undefined);
  response.writeHead(200);
  const more = (): void => {
    if (!response.destroyed) response.write('x'.repeat(65_536), more);
  };
  more();
}

test('whoever runs out of time hears so', async () => {
  answers[NODE] = () => undefined;
  await expect(look(kubeconfig('paths'), AbortSignal.timeout(200))).rejects.toThrow(/timeout|aborted/i);
});
