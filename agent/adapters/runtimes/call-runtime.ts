import { type ClientUnaryCall, credentials, type requestCallback, type ServiceError, type status } from '@grpc/grpc-js';

import { runtimeInterface } from '../../../shared/wire/runtime-interface.ts';

type Interface = ReturnType<typeof runtimeInterface>;

/** Both services of one socket. Opened for a few calls and closed: after a restart of the runtime nothing waits out a backoff. */
export interface RuntimeClients {
  readonly runtime: InstanceType<Interface['RuntimeService']>;
  readonly images: InstanceType<Interface['ImageService']>;
}

/** @throws what a call says, as a sentence, and the signal's reason. */
export async function withRuntime<T>(socket: string, work: (clients: RuntimeClients) => Promise<T>): Promise<T> {
  const { RuntimeService, ImageService } = runtimeInterface();
  // A proxy that the agent may need for the network is none for a socket.
  const options = { 'grpc.enable_http_proxy': 0, 'grpc.default_authority': 'localhost' };
  const clients: RuntimeClients = {
    runtime: new RuntimeService(`unix:${socket}`, credentials.createInsecure(), options),
    images: new ImageService(`unix:${socket}`, credentials.createInsecure(), options),
  };
  try {
    return await work(clients);
  } finally {
    clients.runtime.close();
    clients.images.close();
  }
}

export interface CallLimits {
  readonly maxMs: number;
  readonly signal: AbortSignal;
}

/** One call. @throws RuntimeRefusal, and the signal's reason. */
export async function ask<Response>(start: (options: { deadline: number }, done: requestCallback<Response>) => ClientUnaryCall, { maxMs, signal }: CallLimits): Promise<Response> {
  signal.throwIfAborted();
  let cancel = (): void => undefined;
  try {
    return await new Promise((resolve, reject) => {
      // gRPC takes deadlines in wall time only.
      const call = start({ deadline: Date.now() + maxMs }, (error, response) => {
        if (error !== null) reject(signal.aborted ? signal.reason : new RuntimeRefusal(error));
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

/** What the runtime answers instead, or what keeps it from answering. */
export class RuntimeRefusal extends Error {
  readonly code: status;

  constructor({ code, details }: ServiceError) {
    super(details.slice(0, TEXT_MAX));
    this.code = code;
  }
}
