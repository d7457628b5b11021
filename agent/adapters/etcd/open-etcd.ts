import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { failure, type Failure } from '../../../shared/trust/failure.ts';
import { etcdInterface } from '../../../shared/wire/etcd-interface.ts';
import { type TlsChannel, tlsChannel, type TlsPems } from '../../../shared/wire/tls-channel.ts';
import type { EtcdCode, EtcdPlace } from '../../ports/etcd.ts';
import type { OwnCertificate } from './explain-etcd-failure.ts';

type Interface = ReturnType<typeof etcdInterface>;

/** The services of one member, and what was shown to it. They share one connection, which is made by the first call. */
export interface EtcdClients {
  readonly endpoint: string;
  readonly pems: Required<TlsPems>;
  readonly kv: InstanceType<Interface['KV']>;
  readonly cluster: InstanceType<Interface['Cluster']>;
  readonly maintenance: InstanceType<Interface['Maintenance']>;
  readonly own: OwnCertificate;
  close(): void;
}

/** etcd closes connections that are pinged more often than every 5 s (`--grpc-keepalive-min-time`). */
const KEEPALIVE_MS = 10_000;
const KEEPALIVE_ANSWER_MAX_MS = 20_000;
/** Some twenty values of the greatest size that etcd takes. */
const ANSWER_MAX_BYTES = 32 * 1024 * 1024;

/** Reads the files anew: they may have been renewed. */
export async function openEtcd(place: EtcdPlace): Promise<EtcdClients | Failure<EtcdCode>> {
  const [ca, certificate, key] = await Promise.all([place.caFile, place.certificateFile, place.keyFile].map(readPem));
  for (const pem of [ca, certificate, key]) if (typeof pem === 'string') return unreadable(pem);
  const pems = { caPem: ca as Buffer, certificatePem: certificate as Buffer, keyPem: key as Buffer };
  let channel: TlsChannel;
  let own: X509Certificate;
  try {
    own = new X509Certificate(pems.certificatePem);
    channel = tlsChannel(new URL(place.endpoint).host, pems, 'localhost');
  } catch (error) {
    return unreadable(`${place.certificateFile} and ${place.keyFile} with ${place.caFile}: ${(error as Error).message}`);
  }
  return {
    ...dial(new URL(place.endpoint).host, channel),
    endpoint: place.endpoint, pems,
    own: { file: place.certificateFile, validFromUnixMs: own.validFromDate.getTime(), validToUnixMs: own.validToDate.getTime() },
  };
}

/** @returns the sentence that says why not. */
async function readPem(path: string): Promise<Buffer | string> {
  return await readFile(path).catch((error: unknown) => (error as Error).message);
}

function unreadable(why: string): Failure<EtcdCode> {
  return failure('certificate-unreadable', `etcd cannot be asked without its certificates: ${why}; see that they are where this kind of installation keeps them`);
}

function dial(address: string, { credentials, options }: TlsChannel): Pick<EtcdClients, 'kv' | 'cluster' | 'maintenance' | 'close'> {
  const { KV, Cluster, Maintenance } = etcdInterface();
  const all = {
    ...options,
    'grpc.keepalive_time_ms': KEEPALIVE_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_ANSWER_MAX_MS,
    'grpc.max_receive_message_length': ANSWER_MAX_BYTES,
    // A proxy that the agent may need for the network is none for the datastore.
    'grpc.enable_http_proxy': 0,
  };
  const [kv, cluster, maintenance] = [new KV(address, credentials, all), new Cluster(address, credentials, all), new Maintenance(address, credentials, all)];
  return {
    kv, cluster, maintenance,
    close: () => {
      for (const client of [kv, cluster, maintenance]) client.close();
    },
  };
}
