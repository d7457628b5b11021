import { Metadata, type ServiceError, type status, type StatusObject } from '@grpc/grpc-js';

import type { Failure } from '../trust/failure.ts';

/** Carries the closed code beside the sentence, so that the other side need not read prose. */
const CODE_KEY = 'farrier-code';

export function failureStatus(refusal: Failure<string>, code: status): StatusObject {
  const metadata = new Metadata();
  metadata.set(CODE_KEY, refusal.code);
  return { code, details: refusal.message, metadata };
}

/** @returns null where the failure came from gRPC or the network, not from a refusal. */
export function failureCodeOf(error: ServiceError): string | null {
  const [code] = error.metadata?.get(CODE_KEY) ?? [];
  return typeof code === 'string' ? code : null;
}
