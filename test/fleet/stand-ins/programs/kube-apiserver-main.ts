// The stand-in of kube-apiserver: the few resources that upgrades look at, kept in a real etcd.
import { readFileSync } from 'node:fs';

import { EtcdStore } from '../api/etcd-store.ts';
import { serveApi } from '../api/serve-api.ts';
import { passPoint } from '../faults.ts';
import { sayStandIn } from '../stand-in-notice.ts';

process.title = 'kube-apiserver';
sayStandIn('kube-apiserver');
const flags = new Map(process.argv.slice(2).map((word) => [word.slice(2, word.indexOf('=')), word.slice(word.indexOf('=') + 1)] as const));
/** The kubelet says which image this would be. */
const version = (process.env['STAND_IN_IMAGE'] ?? '').split(':').at(-1) ?? '';
const read = (flag: string): string => readFileSync(flags.get(flag) ?? '', 'utf8');

await passPoint('kube-apiserver', version, 'start');
const store = new EtcdStore({ endpoint: (flags.get('etcd-servers') ?? '').split(',')[0] ?? '', caFile: flags.get('etcd-cafile') ?? '', certFile: flags.get('etcd-certfile') ?? '', keyFile: flags.get('etcd-keyfile') ?? '' });
serveApi({ store, version, certificate: read('tls-cert-file'), key: read('tls-private-key-file'), clientCa: read('client-ca-file') }).listen(Number(flags.get('secure-port')));
await passPoint('kube-apiserver', version, 'started');
