import { credentials, Server, type ClientDuplexStream, type ServerDuplexStream } from '@grpc/grpc-js';

import type { AgentIdentity } from '../../agent/identity/load-identity.ts';
import { mutualTlsCredentials } from '../../coordinator/gateway/tls.ts';
import type { FleetKeys } from '../../coordinator/trust/fleet-keys.ts';
import type { AgentMessage__Output, CoordinatorMessage, CoordinatorMessage__Output, Envelope } from '../../shared/wire/messages.ts';
import { farrier } from '../../shared/wire/protocol.ts';

type Down = ServerDuplexStream<AgentMessage__Output, CoordinatorMessage>;
type Up = ClientDuplexStream<AgentMessage__Output, CoordinatorMessage__Output>;

/**
 * Somebody between an agent and its coordinator who has stolen every TLS key, but no key that signs: passes on what both
 * say, keeps the envelopes that it sees, and can say what it likes to the agent.
 */
export class Between {
  readonly permits: Envelope[] = [];
  readonly assignments: Envelope[] = [];
  readonly #server = new Server();
  readonly #keys: FleetKeys;
  readonly #agent: AgentIdentity;
  readonly #coordinator: string;
  #down: Down | null = null;

  constructor(keys: FleetKeys, agent: AgentIdentity, coordinator: string) {
    this.#keys = keys;
    this.#agent = agent;
    this.#coordinator = coordinator;
  }

  /** @returns host:port for the agent. */
  async listen(): Promise<string> {
    this.#server.addService(farrier.AgentLink.service, { Session: (call: Down) => this.#pass(call) });
    const port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync('127.0.0.1:0', mutualTlsCredentials(this.#keys), (error, bound) => (error === null ? resolve(bound) : reject(error)));
    });
    return `localhost:${port}`;
  }

  say(message: CoordinatorMessage): void {
    if (this.#down === null) throw new Error('no agent has dialled');
    this.#down.write(message);
  }

  close(): void {
    this.#server.forceShutdown();
  }

  #pass(down: Down): void {
    const { caPem, keyPem, certificatePem } = this.#agent;
    const client = new farrier.AgentLink(this.#coordinator, credentials.createSsl(Buffer.from(caPem), Buffer.from(keyPem), Buffer.from(certificatePem)));
    const up: Up = client.Session();
    this.#down = down;
    down.on('data', (message) => up.write(message));
    up.on('data', (message) => {
      if (message.permit) this.permits.push(message.permit);
      if (message.assignment) this.assignments.push(message.assignment);
      down.write(message);
    });
    const over = (): void => {
      up.cancel();
      down.end();
      client.close();
    };
    for (const stream of [down, up]) stream.on('error', over).on('end', over);
    down.on('cancelled', over);
  }
}
