// What one agent says, by malice or by mishap, must neither stop the coordinator nor be lost without a word.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { LedgerEvent } from '../../coordinator/core/ledger-event.ts';
import type { EventStore } from '../../coordinator/ports/event-store.ts';
import type { JournalRecord } from '../../shared/domain/journal-record.ts';
import { toFactsMessage } from '../../shared/wire/facts-codec.ts';
import type { ExplainNodeResponse__Output, HostFacts__Output, Node__Output } from '../../shared/wire/messages.ts';
import { call } from '../support/call.ts';
import { CONTROL_PLANE, WORKER } from '../support/example-facts.ts';
import { ModelAgent } from '../support/model-agent.ts';
import { RunningCoordinator } from '../support/running-coordinator.ts';
import { silentLogger } from '../support/silent-logger.ts';

const PLAN = `
apiVersion: farrier/v1
kind: Plan
metadata: { name: pkg }
spec:
  maxUnavailable: 1
  steps:
    - service: { restart: hello.service }
`;

describe('an agent that says what cannot be', () => {
  let coordinator: RunningCoordinator;
  let store: EventStore;
  let agents: ModelAgent[] = [];
  const warnings: string[] = [];

  beforeEach(async () => {
    warnings.length = 0;
    const logger = { ...silentLogger, warn: (_message: string, fields?: object) => void warnings.push(JSON.stringify(fields)) };
    coordinator = await RunningCoordinator.start(logger, (real) => {
      store = real;
      return slowLedger(real);
    });
  });

  afterEach(async () => {
    await Promise.all(agents.map((agent) => agent.disconnect()));
    await coordinator.destroy();
  });

  async function enrolled(...names: readonly string[]): Promise<readonly ModelAgent[]> {
    const token = await call<{ token: string; caHash: string; enrollAddress: string }>((done) => coordinator.admin.CreateToken({ uses: 10 }, done));
    agents = await Promise.all(names.map((name) => ModelAgent.enrolled(name, token)));
    return agents;
  }

  async function sessionOf(name: string): Promise<Node__Output | undefined> {
    const { nodes } = await call<{ nodes: Node__Output[] }>((done) => coordinator.admin.ListNodes({}, done));
    return nodes.find((node) => node.name === name);
  }

  async function toldBy(node: string): Promise<HostFacts__Output | null> {
    return (await call<ExplainNodeResponse__Output>((done) => coordinator.admin.ExplainNode({ node }, done))).facts;
  }

  async function until(what: () => Promise<boolean>): Promise<void> {
    for (let look = 0; look < 400; look++) {
      if (await what()) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`never came to pass; ${warnings.join('\n')}`);
  }

  async function leaders(): Promise<number> {
    return (await store.read('ledger', 0)).filter(({ event }) => (event as LedgerEvent).type === 'leader').length;
  }

  it.each([
    ['an epoch past all counting', { highestEpoch: 2 ** 63 }],
    ['an epoch that none can have reached', { highestEpoch: 2 ** 40 }],
    ['a generation past all counting', { highestGeneration: 2 ** 53 }],
  ])('%s is not taken, and the fleet goes on, also after a restart', async (_what, claim) => {
    const [evil, good] = await enrolled('evil', 'good');
    if (evil === undefined || good === undefined) throw new Error('no agents');
    const honest = evil.hello.bind(evil);
    evil.hello = () => ({ ...honest(), ...claim });
    evil.connect();
    good.connect();
    await until(async () => warnings.some((line) => line.includes('evil')));
    await until(async () => (await sessionOf('good'))?.session === 'connected');
    expect((await sessionOf('evil'))?.session).not.toBe('connected');
    await coordinator.stop();
    await coordinator.resume();
    await until(async () => (await sessionOf('good'))?.session === 'connected');
    expect(await leaders()).toBe(2);
  });

  it('a report of a generation past all counting is not kept', async () => {
    const [evil] = await enrolled('good');
    if (evil === undefined) throw new Error('no agent');
    evil.records.push(aRecord(evil, 1, { generation: Number.MAX_SAFE_INTEGER, kind: 'refused', outcome: { code: 'recalled', message: '', object: '' } }));
    const honest = evil.hello.bind(evil);
    evil.hello = () => ({ ...honest(), highestGeneration: 1 });
    evil.connect();
    await until(async () => (await sessionOf('good'))?.unavailableReason === '');
    const { rollout } = await call<{ rollout: string }>((done) => coordinator.admin.StartRollout({ yaml: PLAN, file: 'plan.yaml' }, done));
    await until(async () => evil.records.some(({ kind, generation }) => kind === 'done' && generation < 10));
    expect(rollout).not.toBe('');
  });

  it('a record of a kind that only a newer agent knows keeps the node from nothing', async () => {
    const [newer] = await enrolled('good');
    if (newer === undefined) throw new Error('no agent');
    newer.records.push(aRecord(newer, 1, { kind: 'pondered' as 'stage' }));
    newer.connect();
    await until(async () => (await sessionOf('good'))?.unavailableReason === '');
    // Held for good: neither the next session nor the next coordinator asks for it again.
    await coordinator.stop();
    await coordinator.resume();
    await until(async () => (await sessionOf('good'))?.unavailableReason === '');
  });

  it('facts are kept over a restart, facts that cannot be count as none, and what is not told is not known', async () => {
    const [host] = await enrolled('good');
    if (host === undefined) throw new Error('no agent');
    const honest = host.hello.bind(host);
    host.hello = () => ({ ...honest(), facts: toFactsMessage(CONTROL_PLANE) });
    host.connect();
    await until(async () => (await toldBy('good'))?.kubeadm?.kubelet === '1.33.4-1.1');
    await host.disconnect();
    await coordinator.stop();
    await coordinator.resume();
    expect((await toldBy('good'))?.kubeadm?.role).toBe('control-plane');
    host.hello = () => ({ ...honest(), facts: toFactsMessage({ ...CONTROL_PLANE, kernel: '6.1\u001b[2J' }) });
    host.connect();
    await until(async () => (await toldBy('good')) === null);
    expect(warnings.join()).toContain('"field":"kernel"');
    host.tellFacts(WORKER);
    await until(async () => (await toldBy('good'))?.kubeadm?.role === 'worker');
    await host.disconnect();
    host.hello = honest;
    host.connect();
    await until(async () => (await toldBy('good')) === null);
    expect((await sessionOf('good'))?.session).toBe('connected');
  });

  it('a journal that lost what it had reported is named, not waited for', async () => {
    const [host] = await enrolled('good');
    if (host === undefined) throw new Error('no agent');
    for (const sequence of [1, 2, 3]) host.records.push(aRecord(host, sequence, { kind: 'refused', outcome: { code: 'recalled', message: '', object: '' } }));
    host.connect();
    await until(async () => (await sessionOf('good'))?.unavailableReason === '');
    await host.disconnect();
    host.records.length = 1;
    host.connect();
    await until(async () => warnings.some((line) => line.includes('ends at record 1')));
    expect((await sessionOf('good'))?.session).toBe('lost');
  });

  it('agents that all saw the same newer epoch make the coordinator raise its own once', async () => {
    const five = await enrolled('a', 'b', 'c', 'd', 'e');
    for (const agent of five) {
      const honest = agent.hello.bind(agent);
      agent.hello = () => ({ ...honest(), highestEpoch: 7 });
      agent.connect();
    }
    await until(async () => (await Promise.all(five.map(({ node }) => sessionOf(node)))).every((node) => node?.session === 'connected'));
    expect(await leaders()).toBe(2);
  });
});

/** So that what every agent says at once is there at once. */
function slowLedger(real: EventStore): EventStore {
  return new Proxy(real, {
    get: (target, name: keyof EventStore) => {
      if (name !== 'append') return typeof target[name] === 'function' ? (target[name] as () => unknown).bind(target) : target[name];
      return async (stream: string, expected: number, events: readonly object[]) => {
        if (stream === 'ledger') await new Promise((resolve) => setTimeout(resolve, 400));
        return await target.append(stream, expected, events);
      };
    },
  });
}

function aRecord(agent: ModelAgent, sequence: number, over: Partial<JournalRecord>): JournalRecord {
  return {
    ...{ format: 1, journalId: agent.journal().journalId, sequence, kind: 'stage', rollout: 'other', generation: 1, epoch: 1, digest: '', step: -1, stepName: '' },
    ...{ attempt: 0, payloadDigest: '', bootId: 'boot', monotonicMs: 1, wallUnixMs: Date.now(), outcome: null, ...over },
  };
}
