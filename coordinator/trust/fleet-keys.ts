import type { SigningKey } from '../../shared/trust/signing-key.ts';
import type { Authority } from './certificate-authority.ts';

/** Everything secret that a coordinator holds, opened. */
export interface FleetKeys {
  readonly fleet: string;
  readonly ca: CaKeys;
  /** Signs trust documents; agents pin it. */
  readonly rootKey: SigningKey;
  /** Signs assignments and permits. */
  readonly planKey: SigningKey;
  readonly server: ServerKeys;
}

export interface CaKeys extends Authority {
  readonly certificatePem: string;
  /** `sha256:<hex>`, what `enroll --ca-hash` takes. */
  readonly hash: string;
}

export interface ServerKeys {
  readonly privateKeyPem: string;
  /** The server's certificate, then the CA's: an enrolling agent compares the latter with its pin. */
  readonly chainPem: string;
  readonly notAfterUnixMs: number;
}
