import { createPublicKey, createPrivateKey } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { AuditLog } from '../../coordinator/api/audit.ts';
import type { EnrollmentParts } from '../../coordinator/gateway/enroll-node.ts';
import type { EventStore } from '../../coordinator/ports/event-store.ts';
import { issueIdentityCertificate } from '../../coordinator/trust/certificate-authority.ts';
import { createToken } from '../../coordinator/trust/create-token.ts';
import type { FleetKeys } from '../../coordinator/trust/fleet-keys.ts';
import { newSerial } from '../../coordinator/trust/new-serial.ts';
import { openKeys } from '../../coordinator/trust/open-keys.ts';
import { systemRandom } from '../../shared/ports/system-random.ts';
import { generateCertificateKey } from '../../shared/trust/create-csr.ts';
import type { Identity } from '../../shared/trust/identity-uri.ts';
import { manualClock, type ManualClock } from './manual-clock.ts';
import { memoryStore } from './memory-store.ts';

/** A coordinator's trust, with real keys in a folder that goes away with it. Its clock starts at the real time, as TLS looks at that. */
export interface TestFleet {
  readonly folder: string;
  readonly keys: FleetKeys;
  readonly store: EventStore;
  readonly clock: ManualClock;
  readonly audit: AuditLog;
  readonly parts: EnrollmentParts;
  token(order?: Partial<Parameters<typeof createToken>[1]>): Promise<string>;
  /** A certificate that nobody enrolled for. */
  forge(identity: Identity, order?: Forgery): Promise<{ readonly keyPem: string; readonly certificatePem: string }>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface Forgery {
  readonly enrollment?: string;
  readonly serial?: string;
  readonly notBeforeUnixMs?: number;
  readonly notAfterUnixMs?: number;
}

export async function testFleet(fleet = 'prod'): Promise<TestFleet> {
  const folder = await mkdtemp(join(tmpdir(), 'farrier-trust-'));
  const clock = manualClock(Date.now());
  const random = systemRandom;
  const opened = await openKeys(folder, { fleet, serverNames: ['localhost', '127.0.0.1'], clock, random });
  if (!opened.ok) throw new Error(opened.message);
  const { keys } = opened;
  const store = memoryStore({ clock });
  const audit = new AuditLog(store, clock);
  return {
    folder,
    keys,
    store,
    clock,
    audit,
    parts: { store, keys, audit, clock, random, linkAddress: 'localhost:7443' },
    async token(order = {}) {
      const created = await createToken({ store, clock, random }, { createdBy: 'ann', ...order });
      if (!created.ok) throw new Error(created.message);
      return created.token;
    },
    async forge(identity, order = {}) {
      const keyPem = generateCertificateKey();
      const certificatePem = await issueIdentityCertificate(keys.ca, identity, order.enrollment ?? newSerial(random), {
        serial: order.serial ?? newSerial(random),
        publicKey: createPublicKey(createPrivateKey(keyPem)),
        notBeforeUnixMs: order.notBeforeUnixMs ?? clock.wallUnixMs() - 60_000,
        notAfterUnixMs: order.notAfterUnixMs ?? clock.wallUnixMs() + 3_600_000,
      });
      return { keyPem, certificatePem };
    },
    async [Symbol.asyncDispose]() {
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
