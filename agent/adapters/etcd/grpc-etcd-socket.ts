import { credentials } from '@grpc/grpc-js';

import type { Clock } from '../../../shared/ports/clock.ts';
import { etcdInterface } from '../../../shared/wire/etcd-interface.ts';
import type { EtcdReads } from '../../ports/etcd.ts';
import { GrpcRefusal } from '../call-grpc.ts';
import { etcdReads } from './etcd-reads.ts';
import { explainEtcdFailure, type OwnCertificate } from './explain-etcd-failure.ts';

/** Who may open the socket may ask: there is no certificate that could be refused. */
const NO_CERTIFICATE: OwnCertificate = { file: 'no certificate', validFromUnixMs: 0, validToUnixMs: Number.POSITIVE_INFINITY };

/**
 * A member that listens on a Unix socket and asks for no certificate: one that was restored where nobody else gets in.
 *
 * @param path absolute; the kernel takes 107 bytes
 */
export function grpcEtcdSocket(path: string, clock: Clock): EtcdReads {
  return etcdReads(async (start, read, signal) => {
    signal.throwIfAborted();
    const { KV, Maintenance } = etcdInterface();
    const address = `unix:${path}`;
    const [kv, maintenance] = [new KV(address, credentials.createInsecure()), new Maintenance(address, credentials.createInsecure())];
    try {
      return { ok: true, value: read(await start({ kv, maintenance })) };
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof GrpcRefusal)) throw error;
      return explainEtcdFailure(error, { endpoint: path, own: NO_CERTIFICATE, nowUnixMs: clock.wallUnixMs() });
    } finally {
      kv.close();
      maintenance.close();
    }
  });
}
