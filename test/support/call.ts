import type { ServiceError } from '@grpc/grpc-js';

/** One unary call as a promise; a refusal rejects with gRPC's error. */
export async function call<Out>(start: (done: (error: ServiceError | null, response?: Out) => void) => unknown): Promise<Out> {
  return await new Promise((resolve, reject) => {
    start((error, response) => (error === null && response !== undefined ? resolve(response) : reject(error ?? new Error('no response'))));
  });
}
