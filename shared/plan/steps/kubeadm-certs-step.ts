import type { z } from 'zod';

import { CERTIFICATE_NAME_PATTERN, CERTIFICATES_MAX, UNDER_DAYS_MAX } from '../../domain/step-limits.ts';
import type { KubeadmCertsSpec } from '../../domain/steps/kubeadm-spec.ts';
import { field } from '../field.ts';
import { wholeNumber } from '../number-fields.ts';
import { quote } from '../quote.ts';
import { expected, section } from '../section.ts';
import { stepTimeout } from './step-timeout.ts';

const DEFAULT_TIMEOUT_MS = 20 * 60_000;
const DEFAULT_UNDER_DAYS = 90;
const WHAT = 'all, or a list of names as `kubeadm certs check-expiration` prints them';

/** Sorted: the order is nobody's intent, and equal targets have to have equal digests. @returns none for all. */
const certificates = field((input, complaints): readonly string[] => {
  if (input === 'all') return [];
  if (!Array.isArray(input)) return complaints.stop(input === undefined ? 'missing' : 'wrong-type', expected(input, WHAT));
  if (input.length === 0) complaints.stop('empty', `names no certificate; it has to be ${WHAT}`);
  if (input.length > CERTIFICATES_MAX) complaints.stop('too-many', `names ${input.length} certificates; ${CERTIFICATES_MAX} is the limit`);
  for (const [index, name] of input.entries()) {
    if (typeof name !== 'string' || !CERTIFICATE_NAME_PATTERN.test(name)) complaints.note([index], 'bad-name', `is ${quote(name)}, which is no name of a certificate, as apiserver or etcd-server`);
    else if (input.indexOf(name) < index) complaints.note([index], 'duplicate-name', `names ${quote(name)} again; take it out`);
  }
  return input.map(String).toSorted();
});

export const kubeadmCertsSection = section({
  renew: certificates,
  whenUnderDays: wholeNumber({ min: 1, max: UNDER_DAYS_MAX }).default(DEFAULT_UNDER_DAYS),
  timeout: stepTimeout.default(DEFAULT_TIMEOUT_MS),
});

export function compileKubeadmCerts({ renew, whenUnderDays, timeout }: z.infer<typeof kubeadmCertsSection>, nameIt: (wanted: string) => string): KubeadmCertsSpec {
  return { kind: 'kubeadm_certs', name: nameIt('kubeadm-certs'), timeoutMs: timeout, renew, whenUnderDays };
}
