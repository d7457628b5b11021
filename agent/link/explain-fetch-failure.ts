import { status, type ServiceError } from '@grpc/grpc-js';

import { failure, type Failure } from '../../shared/trust/failure.ts';
import { isDiskFull } from '../core/disk-full.ts';

export type FetchCode = 'artifact-unknown' | 'artifact-corrupt' | 'artifact-too-large' | 'disk-full' | 'refused' | 'unreachable' | 'aborted';

/** @throws what is neither gRPC's nor the file system's: a bug. */
export function explainFetchFailure(error: unknown, sha256: string): Failure<FetchCode> {
  if (isDiskFull(error)) return failure('disk-full', `no room for artifact ${sha256}: ${error.message}; free some and the transfer goes on`);
  if (!(error instanceof Error) || !('code' in error)) throw error;
  const { details } = error as ServiceError;
  switch (error.code) {
    case status.NOT_FOUND:
      return failure('artifact-unknown', details);
    case status.OUT_OF_RANGE:
      return failure('artifact-corrupt', `what lay here of artifact ${sha256} was longer than the artifact; it was deleted`);
    case status.UNAVAILABLE:
    case status.INTERNAL:
    case status.CANCELLED:
    case status.UNKNOWN:
    case status.RESOURCE_EXHAUSTED:
      return failure('unreachable', `the transfer of artifact ${sha256} was interrupted (${details}); it goes on from there`);
    default:
      if (typeof error.code !== 'number') throw error;
      return failure('refused', `the coordinator refuses artifact ${sha256}: ${details}`);
  }
}
