import { Server, ServerCredentials, status, type ServerReadableStream, type ServerUnaryCall, type ServerWritableStream, type sendUnaryData } from '@grpc/grpc-js';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { AddArtifactRequest__Output, FleetHandlers, Rollout } from '../../shared/wire/messages.ts';
import { farrier } from '../../shared/wire/protocol.ts';

/** What a method answers, or the refusal that it ends with. */
type Answer = object | ((request: unknown) => object);

export class Refusal extends Error {
  readonly code: status;

  constructor(code: status, details: string) {
    super(details);
    this.code = code;
  }
}

/** A Fleet service on a Unix socket that answers what a test says and remembers what it was asked. */
export class FakeFleet {
  readonly #folder: string;
  readonly socket: string;
  readonly requests: { readonly method: string; readonly request: unknown }[] = [];
  readonly answers: Record<string, Answer> = {};
  readonly #watchers = new Set<ServerWritableStream<unknown, unknown>>();
  #server = new Server();
  /** Told as soon as somebody watches. */
  rolloutNow: Rollout | null = null;

  private constructor(folder: string) {
    this.#folder = folder;
    this.socket = join(folder, 'admin.sock');
  }

  static async start(): Promise<FakeFleet> {
    const fleet = new FakeFleet(await mkdtemp(join(tmpdir(), 'farrier-cli-')));
    await fleet.listen();
    return fleet;
  }

  async listen(): Promise<void> {
    await rm(this.socket, { force: true });
    this.#server = new Server();
    this.#server.addService(farrier.Fleet.service, this.#handlers());
    await new Promise<void>((resolve, reject) => {
      this.#server.bindAsync(`unix:${this.socket}`, ServerCredentials.createInsecure(), (error) => (error === null ? resolve() : reject(error)));
    });
  }

  /** As kill -9 looks from outside. */
  crash(): void {
    this.#server.forceShutdown();
    this.#watchers.clear();
  }

  async stop(): Promise<void> {
    this.crash();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** To everybody who watches. */
  tell(rollout: Rollout): void {
    this.rolloutNow = rollout;
    for (const call of this.#watchers) call.write({ rollout });
  }

  /** Streams end in good order, as at a planned stop. */
  endWatches(): void {
    for (const call of this.#watchers) call.end();
    this.#watchers.clear();
  }

  get watchers(): number {
    return this.#watchers.size;
  }

  #handlers(): FleetHandlers {
    const methods = Object.keys(farrier.Fleet.service).filter((name) => !['WatchRollout', 'AddArtifact', 'RunSnapshotWork'].includes(name));
    const unary = methods.map((method) => [method, (call: ServerUnaryCall<unknown, object>, callback: sendUnaryData<object>) => this.#answer(method, call, callback)] as const);
    const AddArtifact = (call: ServerReadableStream<AddArtifactRequest__Output, object>, callback: sendUnaryData<object>) => void this.#take(call, callback);
    return { ...Object.fromEntries(unary), AddArtifact, RunSnapshotWork: (call: ServerWritableStream<unknown, unknown>) => this.#run(call), WatchRollout: (call: ServerWritableStream<unknown, unknown>) => this.#watch(call) } as unknown as FleetHandlers;
  }

  #answer(method: string, call: { readonly request: unknown }, callback: sendUnaryData<object>): void {
    this.requests.push({ method, request: call.request });
    const answer = this.answers[method] ?? new Refusal(status.UNIMPLEMENTED, 'the test says nothing about this');
    try {
      const given: object = typeof answer === 'function' ? (answer as (request: unknown) => object)(call.request) : answer;
      if (given instanceof Refusal) throw given;
      callback(null, given);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      callback({ code: error.code, details: error.message });
    }
  }

  /** Answered once all of it is here; remembered as its head, with how many bytes came. */
  async #take(call: ServerReadableStream<AddArtifactRequest__Output, object>, callback: sendUnaryData<object>): Promise<void> {
    let [head, bytes]: [object | null, number] = [null, 0];
    for await (const message of call as AsyncIterable<AddArtifactRequest__Output>) {
      head ??= message.head ?? null;
      bytes += message.chunk?.length ?? 0;
    }
    this.#answer('AddArtifact', { request: { head, bytes } }, callback);
  }

  /** Tells each message of the answer's list, one after another. */
  #run(call: ServerWritableStream<unknown, unknown>): void {
    this.#answer('RunSnapshotWork', { request: call.request }, (error, messages) => {
      if (error !== null) return void call.emit('error', error);
      for (const message of messages as readonly unknown[]) call.write(message);
      call.end();
    });
  }

  #watch(call: ServerWritableStream<unknown, unknown>): void {
    this.requests.push({ method: 'WatchRollout', request: call.request });
    if (this.rolloutNow === null) {
      call.emit('error', { code: status.NOT_FOUND, details: 'no rollout is called that; `farrier rollout ls` lists them' });
      return;
    }
    this.#watchers.add(call);
    call.on('cancelled', () => this.#watchers.delete(call));
    call.write({ rollout: this.rolloutNow });
  }
}
