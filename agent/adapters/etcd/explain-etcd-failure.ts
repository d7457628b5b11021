import { status } from '@grpc/grpc-js';

import { failure, type Failure } from '../../../shared/trust/failure.ts';
import type { EtcdCode } from '../../ports/etcd.ts';

/** What gRPC says went wrong. */
export interface EtcdTrouble {
  readonly code: status;
  readonly message: string;
}

/** The certificate that was shown to the member. */
export interface OwnCertificate {
  readonly file: string;
  readonly validFromUnixMs: number;
  readonly validToUnixMs: number;
}

interface Asked {
  readonly endpoint: string;
  readonly own: OwnCertificate;
  readonly nowUnixMs: number;
}

/** What etcd itself answers, by the words that it has used since 3.4 (api/v3rpc/rpctypes/error.go); one means the same under two codes. */
const BY_WORDS: readonly (readonly [RegExp, EtcdCode, string])[] = [
  [/not supported for learner/, 'learner', 'it is a learner and does not do that; ask a voting member'],
  [/: not leader$/, 'not-leader', 'it is not the leader; ask the member that its status names as leader'],
  [/database space exceeded/, 'no-space', 'its quota is used up (alarm NOSPACE): compact, defragment every member, then disarm the alarm'],
  [/corrupt cluster|corrupted/, 'corrupt', 'its data differs from the others\' (alarm CORRUPT): replace this member, or restore a snapshot'],
  [/has been compacted/, 'compacted', 'that revision is compacted away; ask for a newer one'],
  [/is a future revision/, 'future-revision', 'it has not come to that revision; ask for an older one, or again'],
  [/too many requests|applied too slowly/, 'overloaded', 'too many requests wait there already; try again when it has caught up'],
  [/no leader|unhealthy cluster|leader changed|leader failure|lost leader/, 'no-leader', 'its cluster has no quorum; start the other members'],
  [/: request timed out|timed out, waiting/, 'time-out', 'its cluster did not agree in time; look at its members and their disks'],
  [/permission denied|user name is empty|invalid auth token|authentication failed|auth: /, 'permission-denied', 'its authentication is on, which Kubernetes does not use; give the user of this certificate the role root'],
  [/is not supported|unknown (service|method)/, 'unsupported', 'what listens there does not do that: Kine before SQL does not, nor does an etcd older than 3.4'],
];

/** What OpenSSL says of the member's certificate, as Node names it. */
const BY_THEIR_CERTIFICATE: readonly (readonly [RegExp, EtcdCode, string])[] = [
  [/certificate has expired/, 'server-certificate-expired', 'its certificate has expired; renew it and restart the member, or set this host\'s clock'],
  [/certificate is not yet valid/, 'server-certificate-not-yet-valid', 'its certificate is not yet valid; set the clocks'],
  [/self.signed certificate|unable to (verify|get)|does not match certificate's altnames|ERR_TLS_CERT_ALTNAME|certificate signature failure|invalid CA/i, 'server-not-trusted', 'its certificate is of another authority, or for another name'],
];

/** With TLS 1.3 a member that refuses our certificate does it after the handshake: by an alert, or by just hanging up. */
const REFUSES_OURS = /alert (bad certificate|unknown ca|certificate (expired|revoked|unknown|required)|access denied|handshake failure|unsupported certificate)|alert number (4[0-9]|11[06])\b/i;
const HUNG_UP = /ECONNRESET|EPIPE|EPROTO|socket hang up|socket disconnected|GOAWAY|Connection dropped/i;

/** Turns what gRPC, TLS and etcd say into a closed code, a cause and a remedy. */
export function explainEtcdFailure({ code, message: said }: EtcdTrouble, { endpoint, own, nowUnixMs }: Asked): Failure<EtcdCode> {
  const message = withoutFrame(said);
  const explained = (known: readonly (readonly [RegExp, EtcdCode, string])[]): Failure<EtcdCode> | null => {
    const [, found, why] = known.find(([words]) => words.test(message)) ?? [];
    return found === undefined ? null : failure(found, `etcd at ${endpoint}: ${why} (${message})`);
  };
  const worded = explained(BY_WORDS);
  if (worded !== null) return worded;
  if (code === status.DEADLINE_EXCEEDED) return failure('time-out', `etcd at ${endpoint} did not answer in time; look at its load and its disk (${message})`);
  if (code === status.PERMISSION_DENIED || code === status.UNAUTHENTICATED) return failure('permission-denied', `etcd at ${endpoint} refuses: ${message}`);
  if (code === status.UNIMPLEMENTED) return failure('unsupported', `etcd at ${endpoint} does not know that call: ${message}`);
  if (code === status.DATA_LOSS) return failure('corrupt', `etcd at ${endpoint} has lost data: ${message}`);
  if (code !== status.UNAVAILABLE) return failure('refused', `etcd at ${endpoint} refuses: ${message}`);
  return explained(BY_THEIR_CERTIFICATE) ?? ownCertificateFailure(message, { endpoint, own, nowUnixMs }) ?? failure('unreachable', `nobody answers at ${endpoint}; see that etcd runs there and listens on that address (${message})`);
}

/** Members word it differently by the release of Go that they were built with: what the certificate itself says is certain. */
function ownCertificateFailure(message: string, { endpoint, own, nowUnixMs }: Asked): Failure<EtcdCode> | null {
  if (!REFUSES_OURS.test(message) && !HUNG_UP.test(message)) return null;
  if (own.validToUnixMs < nowUnixMs) {
    return failure('client-certificate-expired', `etcd at ${endpoint} refuses ${own.file}, which expired on ${new Date(own.validToUnixMs).toISOString()}; renew it, or set this host's clock`);
  }
  if (own.validFromUnixMs > nowUnixMs) {
    return failure('client-certificate-not-yet-valid', `etcd at ${endpoint} refuses ${own.file}, which is valid from ${new Date(own.validFromUnixMs).toISOString()} on; set this host's clock`);
  }
  return REFUSES_OURS.test(message) ? failure('client-not-trusted', `etcd at ${endpoint} refuses ${own.file}: it is of another authority, or not for clients (${message})`) : null;
}

/** Without what gRPC and OpenSSL put around the cause. */
function withoutFrame(message: string): string {
  const cause = message.replace(/^No connection established\. Last error: (?:Error: )?/, '').replace(/\.? *(?:\([^()]*\))?\.? *Resolution note: *$/, '');
  return /\balert [a-z ]+/.exec(cause)?.[0] ?? cause;
}
