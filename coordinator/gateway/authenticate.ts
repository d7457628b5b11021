import { status } from '@grpc/grpc-js';

import type { Failure } from '../../shared/trust/failure.ts';
import { authenticateCertificate, type AuthenticationCode, type AuthenticationParts, type AuthenticationRefusal } from '../trust/authenticate-certificate.ts';
import type { OperatorRole } from '../../shared/trust/identity-uri.ts';

/** Any call of grpc-js on the server's side. */
export interface AuthenticatedCall {
  getAuthContext(): { readonly sslPeerCertificate?: { readonly raw: Buffer } } | null;
  /** `/farrier.v1.Fleet/ListNodes` */
  getPath(): string;
}

export interface NodePeer {
  readonly kind: 'node';
  readonly node: string;
}

export interface OperatorPeer {
  readonly kind: 'operator';
  readonly name: string;
  readonly role: OperatorRole;
}

type Answer<P> = ({ readonly ok: true } & P) | AuthenticationRefusal;

/**
 * Names the peer of a call. Call it first, before anything is awaited: the certificate is gone when the connection is.
 * Ask again from time to time on a stream that lives long: a revocation reaches it only so.
 */
export interface Authenticator {
  node(call: AuthenticatedCall): Promise<Answer<NodePeer>>;
  operator(call: AuthenticatedCall): Promise<Answer<OperatorPeer>>;
  any(call: AuthenticatedCall): Promise<Answer<NodePeer | OperatorPeer>>;
}

export function certificateAuthenticator(parts: AuthenticationParts): Authenticator {
  return {
    async node(call) {
      const answer = await authenticateCertificate(parts, certificateOf(call), 'node');
      if (!answer.ok) return answer;
      if (answer.peer.kind !== 'node') throw new Error('an operator passed for a node');
      return { ok: true, ...answer.peer };
    },
    async operator(call) {
      const answer = await authenticateCertificate(parts, certificateOf(call), 'operator');
      if (!answer.ok) return answer;
      if (answer.peer.kind !== 'operator') throw new Error('a node passed for an operator');
      return { ok: true, ...answer.peer };
    },
    async any(call) {
      const answer = await authenticateCertificate(parts, certificateOf(call), 'any');
      return answer.ok ? { ok: true, ...answer.peer } : answer;
    },
  };
}

/** Whoever reaches the Unix socket is root on this host: file modes decided that. Serve it with a gRPC server of its own. */
export const LOCAL_ADMIN: OperatorPeer = { kind: 'operator', name: 'root@local', role: 'admin' };

export function statusOfAuthentication(refusal: Failure<AuthenticationCode>): status {
  if (refusal.code === 'wrong-kind' || refusal.code === 'wrong-fleet') return status.PERMISSION_DENIED;
  return refusal.code === 'pending-approval' ? status.FAILED_PRECONDITION : status.UNAUTHENTICATED;
}

function certificateOf(call: AuthenticatedCall): { readonly raw: Buffer } | null {
  return call.getAuthContext()?.sslPeerCertificate ?? null;
}
