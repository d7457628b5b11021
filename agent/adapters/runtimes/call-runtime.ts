import { credentials } from '@grpc/grpc-js';

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
