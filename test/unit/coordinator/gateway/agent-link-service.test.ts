import { status } from '@grpc/grpc-js';
import { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';

import { AgentLinkService, type AgentCall } from '../../../../coordinator/gateway/agent-link-service.ts';
import { FleetLog } from '../../../../coordinator/runtime/fleet-log.ts';
import type { FleetState } from '../../../../coordinator/runtime/fleet-state.ts';
import { Intake } from '../../../../coordinator/runtime/intake.ts';
import { emptyLedger } from '../../../../coordinator/core/ledger.ts';
import { emptyNodeJournal } from '../../../../coordinator/core/node-journal.ts';
import { DEFAULT_POLICY } from '../../../../shared/domain/policy.ts';
import type { AgentMessage, CoordinatorMessage } from '../../../../shared/wire/messages.ts';
import { manualClock } from '../../../support/manual-clock.ts';
import { memoryStore } from '../../../support/memory-store.ts';
import { silentLogger } from '../../../support/silent-logger.ts';
import { aView } from '../../../support/world-builder.ts';

/** What grpc-js hands to a server, as far as a session looks at it. */
class FakeCall extends Duplex {
  readonly sent: CoordinatorMessage[] = [];

  constructor() {
    super({ objectMode: true });
  }

  override _read(): void {}

  override _write(message: CoordinatorMessage, _encoding: string, done: () => void): void {
    this.sent.push(message);
    done();
  }

  says(message: AgentMessage): void {
    this.push({ hello: null, heartbeat: null, report: null, permitRequest: null, refusal: null, ...message });
  }
}

const OFFER = { kind: 'permit-offer', rollout: 'r', generation: 1 } as const;

describe('a session', () => {
  const clock = manualClock(1_000_000);
  const store = memoryStore({ clock });
  const state: FleetState = { fleet: 'f', epoch: 1, policy: DEFAULT_POLICY, ledger: emptyLedger(), nodes: new Map(), nodeLogs: new Map(), rollouts: new Map() };
  state.nodes.set('a', { ...aView('a', { session: { state: 'silent', sinceMonotonicMs: 0 } }), journal: emptyNodeJournal() });
  const intake = new Intake(state, new FleetLog(store, state, clock), clock, silentLogger, () => undefined);
  let answerTrust: () => void = () => undefined;
  const service = new AgentLinkService({
    ...{ state, intake, clock, logger: silentLogger },
    nameNode: async () => ({ ok: true, node: 'a' }),
    trust: async () => await new Promise((resolve) => (answerTrust = () => resolve({ payload: Buffer.alloc(0), payloadType: '', signatures: [] }))),
    raiseEpoch: async () => undefined,
    admit: async () => undefined,
    opened: () => undefined,
    refused: () => undefined,
  });

  async function settled(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  async function dials(): Promise<FakeCall> {
    const call = new FakeCall();
    service.handlers.Session(call as unknown as AgentCall);
    const hello = { journalId: 'j', journalSequence: 0, highestGeneration: 0, highestEpoch: 0, wallUnixMs: 0, trustVersion: 0, activeGeneration: 0, facts: null };
    call.says({ hello });
    await settled();
    return call;
  }

  it('that takes the place of another is sent nothing before its welcome, and the other one speaks for the host no more', async () => {
    const older = await dials();
    expect(service.send('a', OFFER)).toBe(false);
    answerTrust();
    await settled();
    expect(Object.keys(older.sent[0] ?? {})).toEqual(['welcome']);
    expect(state.nodes.get('a')?.session.state).toBe('connected');
    expect(service.send('a', OFFER)).toBe(true);

    const newer = await dials();
    expect(older.sent.at(-1)?.goodbye?.reason).toBe('a newer session of this node');
    expect(state.nodes.get('a')?.session.state).toBe('lost');
    expect(service.send('a', OFFER)).toBe(false);
    older.says({ permitRequest: { requestId: 'late', rollout: 'r', generation: 1, digest: '', bootId: 'b' } });
    answerTrust();
    await settled();
    expect(newer.sent.map((message) => Object.keys(message)[0])).toEqual(['welcome', 'trust']);
    expect(state.nodes.get('a')).toMatchObject({ session: { state: 'connected' }, permitRequest: null });

    // The end of the older one arrives late.
    older.emit('cancelled');
    older.destroy();
    await settled();
    expect(state.nodes.get('a')?.session.state).toBe('connected');
    newer.destroy();
    await settled();
    expect(state.nodes.get('a')?.session.state).toBe('lost');
  });

  it('whose host cannot be looked up is told to come back, and nothing else happens', async () => {
    const call = new FakeCall();
    let said: unknown;
    call.on('error', (error) => (said = error));
    const blind = new AgentLinkService({
      ...{ state, intake, clock, logger: silentLogger, trust: async () => await Promise.reject(new Error('not asked')) },
      nameNode: async () => await Promise.reject(new Error('the store does not answer')),
      ...{ raiseEpoch: async () => undefined, admit: async () => undefined, opened: () => undefined, refused: () => undefined },
    });
    blind.handlers.Session(call as unknown as AgentCall);
    await settled();
    expect(said).toMatchObject({ code: status.UNAVAILABLE });
  });

  it('of a host that was enrolled a moment ago is not turned away', async () => {
    const admitted: string[] = [];
    const service = new AgentLinkService({
      ...{ state, intake, clock, logger: silentLogger, nameNode: async () => ({ ok: true, node: 'new' }), refused: () => undefined, opened: () => undefined },
      ...{ raiseEpoch: async () => undefined, trust: async () => ({ payload: Buffer.alloc(0), payloadType: '', signatures: [] }) },
      admit: async (node) => {
        admitted.push(node);
        state.nodes.set(node, { ...aView(node), session: { state: 'silent', sinceMonotonicMs: 0 }, journal: emptyNodeJournal() });
      },
    });
    const call = new FakeCall();
    service.handlers.Session(call as unknown as AgentCall);
    call.says({ hello: { journalId: 'k', journalSequence: 0, highestGeneration: 0, highestEpoch: 0, wallUnixMs: 0, trustVersion: 0, activeGeneration: 0, facts: null } });
    await settled();
    expect(call.sent.map((message) => Object.keys(message)[0])).toEqual(['welcome', 'trust']);
    expect(admitted).toEqual(['new']);
    call.destroy();
    await settled();
  });
});
