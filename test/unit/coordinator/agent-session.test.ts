import type { ServerDuplexStream } from '@grpc/grpc-js';
import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';

import { AgentSession } from '../../../coordinator/gateway/agent-session.ts';
import type { AgentMessage__Output, CoordinatorMessage } from '../../../shared/wire/messages.ts';
import { silentLogger } from '../../support/silent-logger.ts';

/** A stream that says what a test makes it say, and keeps what is written to it. */
class FakeCall extends EventEmitter {
  readonly written: CoordinatorMessage[] = [];
  readonly pause = (): this => this;
  readonly resume = (): this => this;
  readonly write = (message: CoordinatorMessage): boolean => this.written.push(message) > 0;
  readonly end = (): this => this;
}

test('what was on its way when the session was told to go is not taken, and nothing more is sent', async () => {
  const call = new FakeCall();
  const taken: string[] = [];
  const session = new AgentSession(call as unknown as ServerDuplexStream<AgentMessage__Output, CoordinatorMessage>, silentLogger);
  session.serve({
    hello: async () => void taken.push('hello'),
    report: async () => void taken.push('report'),
    facts: async () => void taken.push('facts'),
    snapshots: async () => void taken.push('snapshots'),
    snapshotOutcome: async () => void taken.push('snapshot outcome'),
    snapshotProgress: () => void taken.push('snapshot progress'),
    permitRequest: () => void taken.push('permit request'),
    refusal: () => void taken.push('refusal'),
    ended: () => void taken.push('ended'),
  });
  call.emit('data', { hello: {} });
  call.emit('data', { refusal: { reason: 'x', detail: '' } });
  session.end('another host was approved under this name', 30_000);
  call.emit('data', { refusal: { reason: 'x', detail: '' } });
  call.emit('data', { permitRequest: { requestId: 'q', rollout: 'r', generation: 1, digest: '', bootId: '' } });
  session.end('once more', 0);
  session.send({ permitOffer: { rollout: 'r', generation: 1 } });
  await new Promise(setImmediate);
  expect(taken).toEqual(['hello', 'refusal']);
  expect(call.written).toEqual([{ goodbye: { reason: 'another host was approved under this name', retryAfterMs: 30_000 } }]);
  call.emit('close');
  expect(taken.at(-1)).toBe('ended');
});
