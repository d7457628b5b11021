import { z } from 'zod';

import type { Clock } from '../../shared/ports/clock.ts';
import type { Random } from '../../shared/ports/random.ts';
import { failure, type Failure } from '../../shared/trust/failure.ts';
import { OPERATOR_NAME_PATTERN, type OperatorRole } from '../../shared/trust/identity-uri.ts';
import type { EventStore } from '../ports/event-store.ts';
import { issueIdentityCertificate } from './certificate-authority.ts';
import type { FleetKeys } from './fleet-keys.ts';
import { BACKDATE_MS, OPERATOR_CERTIFICATE_LIFE_MS } from './lifetimes.ts';
import { newSerial } from './new-serial.ts';
import { readCsr } from './read-csr.ts';
import { updateRecord } from './update-record.ts';

const OPERATOR_PREFIX = 'operator/';

const OperatorSchema = z.object({
  name: z.string(),
  role: z.enum(['viewer', 'operator', 'admin']),
  /** Of the one certificate that counts: a newer one supersedes it, with its role. */
  serial: z.string(),
  notAfterUnixMs: z.number(),
});

export type OperatorRecord = Readonly<z.infer<typeof OperatorSchema>>;

export interface OperatorOrder {
  readonly name: string;
  readonly role: OperatorRole;
  readonly csrPem: string;
}

export type IssuedOperator =
  | { readonly ok: true; readonly certificatePem: string; readonly operator: OperatorRecord }
  | Failure<'operator-name-invalid' | 'csr-invalid'>;

/** Makes or renews an operator, or gives another role. The certificate before it stops working with this call. */
export async function issueOperator(
  { store, keys, clock, random }: { readonly store: EventStore; readonly keys: FleetKeys; readonly clock: Clock; readonly random: Random },
  { name, role, csrPem }: OperatorOrder,
): Promise<IssuedOperator> {
  if (!OPERATOR_NAME_PATTERN.test(name)) {
    return failure('operator-name-invalid', `an operator's name is 1 to 63 lower-case letters, digits, dots, dashes or underscores, not ${JSON.stringify(name)}`);
  }
  const csr = await readCsr(csrPem);
  if (!csr.ok) return csr;
  const nowUnixMs = clock.wallUnixMs();
  const operator: OperatorRecord = { name, role, serial: newSerial(random), notAfterUnixMs: nowUnixMs + OPERATOR_CERTIFICATE_LIFE_MS };
  const certificatePem = await issueIdentityCertificate(keys.ca, { kind: 'operator', fleet: keys.fleet, role, name }, newSerial(random), {
    serial: operator.serial,
    publicKey: csr.publicKey,
    notBeforeUnixMs: nowUnixMs - BACKDATE_MS,
    notAfterUnixMs: operator.notAfterUnixMs,
  });
  // Recorded before it is handed out: a certificate without its record is refused.
  await updateRecord(store, OPERATOR_PREFIX + name, () => ({ write: operator, result: undefined }));
  return { ok: true, certificatePem, operator };
}

export async function getOperator(store: EventStore, name: string): Promise<OperatorRecord | null> {
  const record = await store.getRecord(OPERATOR_PREFIX + name);
  return record === null ? null : OperatorSchema.parse(record.value);
}

export async function listOperators(store: EventStore): Promise<readonly OperatorRecord[]> {
  return (await store.listRecords(OPERATOR_PREFIX)).map(({ value }) => OperatorSchema.parse(value));
}

/** Whoever holds a certificate of that name is refused from the next call on. @returns whether there was one. */
export async function removeOperator(store: EventStore, name: string): Promise<boolean> {
  return await updateRecord(store, OPERATOR_PREFIX + name, (value) => ({ write: value === null ? null : 'delete', result: value !== null }));
}
