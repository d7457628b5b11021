import { status } from '@grpc/grpc-js';
import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';

import { ApiError } from '../../../coordinator/api/api-error.ts';
import type { Gate } from '../../../coordinator/api/unary.ts';
import { type WatchCall, watchRollout } from '../../../coordinator/api/watch-rollout.ts';
import type { Rollout } from '../../../shared/wire/messages.ts';
import { silentLogger } from '../../support/silent-logger.ts';

/** Takes what is written only while it reads. */
class FakeWatcher extends Writable {
  readonly request = { rollout: 'r' };
  reads = true;
  readonly read: unknown[] = [];
  readonly waiting: (() => void)[] = [];

  constructor() {
    super({ objectMode: true, highWaterMark: 4 });
  }

  override _write(message: unknown, _encoding: string, done: () => void): void {
    this.read.push(message);
    if (this.reads) done();
    else this.waiting.push(done);
  }
}

function watching(watcher: FakeWatcher, over: Partial<Gate> = {}) {
  const listeners = new Set<() => void>();
  let looks = 0;
  const controller = {
    onChange: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const clock = { monotonicMs: () => 0, wallUnixMs: () => 0, sleep: () => new Promise<void>((resolve) => setImmediate(resolve)) };
  const gate: Gate = { identify: async () => ({ name: 'ann', role: 'viewer' }), audit: async () => undefined, logger: silentLogger, ...over };
  const look = () => {
    looks += 1;
    return { shown: { id: String(looks) } as Rollout, over: false };
  };
  const ended = watchRollout(gate, { controller, clock }, watcher as unknown as WatchCall, look);
  return { listeners, ended, looks: () => looks };
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('somebody who watches a rollout', () => {
  it('and does not read is shown nothing new until they do', async () => {
    const watcher = new FakeWatcher();
    watcher.reads = false;
    const { looks, ended, listeners } = watching(watcher);
    await turns(200);
    expect(looks()).toBe(4);
    watcher.reads = true;
    for (const done of watcher.waiting) done();
    await turns(50);
    expect(looks()).toBeGreaterThan(10);
    watcher.emit('cancelled');
    await ended;
    expect(listeners.size).toBe(0);
  });

  it('and is gone before it is known who they are is not watched for', async () => {
    const watcher = new FakeWatcher();
    let identified: () => void = () => undefined;
    const { looks, ended, listeners } = watching(watcher, { identify: async () => await new Promise((resolve) => (identified = () => resolve({ name: 'ann', role: 'viewer' }))) });
    watcher.emit('cancelled');
    identified();
    await turns(20);
    await Promise.race([ended, turns(200).then(() => Promise.reject(new Error('it goes on')))]);
    expect(looks()).toBe(0);
    expect(listeners.size).toBe(0);
  });

  it.each([
    ['is refused', new ApiError(status.UNAUTHENTICATED, 'who?'), status.UNAUTHENTICATED],
    ['what cannot be shown is told so, and nobody else is harmed', new Error('a bug'), status.INTERNAL],
  ])('and %s', async (_what, error, code) => {
    const watcher = new FakeWatcher();
    let said: unknown;
    watcher.on('error', (why) => (said = why));
    await watching(watcher, { identify: async () => await Promise.reject(error) }).ended;
    expect(said).toMatchObject({ code });
  });
});
