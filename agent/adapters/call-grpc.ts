import type { ClientUnaryCall, requestCallback, ServiceError, status } from '@grpc/grpc-js';

export interface CallLimits {
  readonly maxMs: number;
  readonly signal: AbortSignal;
}

/** One call. @throws GrpcRefusal, and the signal's reason. */
export async function ask<Response>(start: (options: { deadline: number }, done: requestCallback<Response>) => ClientUnaryCall, { maxMs, signal }: CallLimits): Promise<Response> {
  signal.throwIfAborted();
  let cancel = (): void => undefined;
  try {
    return await new Promise((resolve, reject) => {
      // gRPC takes deadlines in wall time only.
      const call = start({ deadline: Date.now() + maxMs }, (error, response) => {
        if (error !== null) reject(signal.aborted ? signal.reason : new GrpcRefusal(error));
        else if (response === undefined) throw new Error('gRPC answered with neither a response nor an error');
        else resolve(response);
      });
      cancel = () => call.cancel();
      signal.addEventListener('abort', cancel, { once: true });
    });
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

const TEXT_MAX = 400;

/** What the other side answers instead, or what keeps it from answering. */
export class GrpcRefusal extends Error {
  readonly code: status;

  constructor({ code, details }: Pick<ServiceError, 'code' | 'details'>) {
    super(details.slice(0, TEXT_MAX));
    this.code = code;
  }
}
