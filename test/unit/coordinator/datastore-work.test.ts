import { describe, expect, test } from 'vitest';

import { newsOf } from '../../../coordinator/core/reported-snapshots.ts';
import { SnapshotLog } from '../../../coordinator/runtime/snapshot-log.ts';
import { DEFAULT_POLICY } from '../../../shared/domain/policy.ts';
import { describeDatastoreProof } from '../../support/datastore-proof-cases.ts';
import { type DatastoreWorkBench, datastoreWorkBench, memberFacts, NO_PROOFS_HERE, proverFacts } from '../../support/datastore-work-bench.ts';
import { aMember } from '../../support/fleet-state.ts';
import { memoryDisk, memoryStore } from '../../support/memory-store.ts';

const never = new AbortController().signal;
const OFFLINE = `age1${'q'.repeat(58)}`;

describeDatastoreProof('agents that are models', async () => {
  const { work, agents, clock } = await datastoreWorkBench();
  const kindOf = { 'snapshot-failed': 'take', 'restore-failed': 'prove', mismatch: 'prove' } as const;
  return {
    ...{ proof: work, clusters: ['north', 'south'] as const, unknown: 'nowhere', nowUnixMs: () => clock.wallUnixMs() },
    write: async (cluster) => {
      clock.advance(1_000);
      agents.write(cluster);
    },
    failNext: async (code) => {
      agents.failNext = { kind: kindOf[code], code };
    },
  };
});

function ordersOf({ agents }: DatastoreWorkBench): readonly string[] {
  return agents.orders.map(({ node, action }) => `${node}: ${action.kind}`);
}

describe('a proof', () => {
  test('is of a snapshot that is sealed for the prover and for people, sent, and restored on another host', async () => {
    const bench = await datastoreWorkBench();
    bench.state.policy = { ...DEFAULT_POLICY, snapshots: { ...DEFAULT_POLICY.snapshots, recipients: [OFFLINE] } };
    expect(await bench.work.prove('north', never)).toMatchObject({ ok: true });
    expect(ordersOf(bench)).toEqual(['north-1: take', 'north-1: send', 'north-2: prove']);
    const recipient = bench.state.nodes.get('north-2')?.facts?.facts.snapshots?.recipient;
    expect(bench.agents.orders[0]?.action).toMatchObject({ recipients: [OFFLINE, recipient], prove: false });
  });

  test('is made by the host itself, at once, where there is no other and its settings allow it', async () => {
    const bench = await datastoreWorkBench({ nodes: [aMember('edge-1', memberFacts({ mayProve: true }), { cluster: 'edge' })] });
    expect(await bench.work.prove('edge', never)).toMatchObject({ ok: true });
    expect(ordersOf(bench)).toEqual(['edge-1: take']);
    expect(bench.agents.orders[0]?.action).toMatchObject({ recipients: [], prove: true });
    expect((await bench.work.newest('edge'))?.revision).toBe(1);
  });

  test('names each host that cannot make it, why, and what a person does about it', async () => {
    const bench = await datastoreWorkBench({ nodes: [aMember('edge-1', memberFacts(), { cluster: 'edge' }), aMember('worker-1', proverFacts({ tools: [] })), aMember('worker-2', { ...proverFacts(), snapshots: null }), aMember('worker-3', proverFacts({ tools: ['3.4'] }))] });
    expect(await bench.work.prove('edge', never)).toEqual({
      ok: false, code: 'no-prover',
      message: `no host can prove it. edge-1: ${NO_PROOFS_HERE}; worker-1, worker-3: it has not the programs of etcd 3.5; worker-2: its agent knows nothing of snapshots: upgrade it; programs of etcd 3.5 are put into a host's \`toolsFolder\`, or added as artifacts and named under \`etcdTools\` in coordinator.yaml`,
    });
    expect(bench.agents.orders).toEqual([]);
  });

  test('is made with programs that the prover fetches, where it has none', async () => {
    const tools = [{ name: 'etcd', sha256: 'e'.repeat(64), size: 5 }, { name: 'etcdutl', sha256: 'f'.repeat(64), size: 5 }] as const;
    const bench = await datastoreWorkBench({ nodes: [aMember('edge-1', memberFacts(), { cluster: 'edge' }), aMember('worker-1', proverFacts({ tools: [] }))], tools: { '3.5': { amd64: tools } } });
    expect(await bench.work.prove('edge', never)).toMatchObject({ ok: true });
    expect(bench.agents.orders.at(-1)).toMatchObject({ node: 'worker-1', action: { kind: 'prove', tools } });
  });

  test('that came to nothing on one host is tried on another, and so on in turn', async () => {
    const bench = await datastoreWorkBench({ nodes: [aMember('cp-1', memberFacts(), { cluster: 'north' }), aMember('broken', proverFacts(), { cluster: 'north' }), aMember('stranger', proverFacts(), { cluster: 'south' })] });
    for (let count = 0; count < 3; count += 1) {
      bench.agents.failNext = { kind: 'prove', code: 'no-prover' };
      await bench.work.prove('north', never);
    }
    expect(ordersOf(bench).filter((order) => order.endsWith('prove'))).toEqual(['broken: prove', 'stranger: prove', 'broken: prove']);
    expect(await bench.work.prove('north', never)).toMatchObject({ ok: true });
    expect(bench.agents.orders.at(-1)?.node).toBe('stranger');
  });

  test('that is told again, because nobody acknowledged it, is no lie and is kept once', async () => {
    const bench = await datastoreWorkBench();
    await bench.work.prove('north', never);
    const { sequence } = bench.log.of('north');
    expect([(await bench.agents.tellAgain()).code, bench.agents.suspects, bench.log.of('north').sequence]).toEqual(['ok', [], sequence]);
  });

  test('is kept over a restart', async () => {
    const disk = memoryDisk();
    const bench = await datastoreWorkBench({ store: memoryStore({ disk }) });
    const made = await bench.work.prove('north', never);
    const log = await SnapshotLog.open(memoryStore({ disk }), bench.clock);
    const after = await datastoreWorkBench({ store: memoryStore({ disk }) });
    expect([made.ok && made.snapshot, log.of('north').snapshots.length]).toEqual([await after.work.newest('north'), 1]);
  });
});

describe('not believed is a proof', () => {
  test.each<readonly [string, (bench: DatastoreWorkBench) => void, string]>([
    ['that another node signed', ({ agents }) => (agents.signAs = 'south-2'), 'north-2 signature-invalid'],
    ['that names another prover', ({ agents }) => (agents.lie = (proof) => ({ ...proof, prover: 'south-2' })), 'north-2 another-node'],
    ['of another snapshot', ({ agents }) => (agents.lie = (proof) => ({ ...proof, snapshot: { ...proof.snapshot, digest: 'f'.repeat(64) } })), 'north-2 another-snapshot'],
    ['of another cluster', ({ agents }) => (agents.lie = (proof) => ({ ...proof, cluster: 'south' })), 'north-2 not-ordered'],
    ['that says itself that something is different', ({ agents }) => (agents.lie = (proof) => ({ ...proof, comparisons: proof.comparisons.map((each) => ({ ...each, outcome: 'different' })) })), 'north-2 not-proved'],
  ])('%s', async (_what, change, suspected) => {
    const bench = await datastoreWorkBench();
    change(bench);
    expect(await bench.work.prove('north', never)).toMatchObject({ ok: false, code: 'no-prover', message: expect.stringContaining('is not believed') as string });
    expect([bench.agents.suspects, await bench.work.newest('north'), await bench.work.newest('south')]).toEqual([[suspected], null, null]);
  });

  test('that was there before, of a prover that says it made another one', async () => {
    const bench = await datastoreWorkBench();
    await bench.work.prove('north', never);
    bench.agents.provesNothing = true;
    expect((await bench.work.drill('north', 'ann', never)).end).toMatchObject({ ok: false, message: expect.stringContaining('sent no proof') as string });
  });

  test('of a snapshot that says it was taken when it cannot have been: it would stay young for ever', async () => {
    const bench = await datastoreWorkBench();
    bench.agents.clocksAheadMs = 3_600_000;
    expect(await bench.work.prove('north', never)).toMatchObject({ ok: false, code: 'snapshot-failed', message: expect.stringContaining('disagree') as string });
    expect(ordersOf(bench)).toEqual(['north-1: take']);
  });
});

describe('the newest that is proved', () => {
  test('is none from a moment that is yet to come, whoever ordered its proof', async () => {
    const bench = await datastoreWorkBench();
    const made = await bench.work.prove('north', never);
    bench.clock.advance(60_000);
    await bench.work.take('north', null, never);
    const ahead = bench.log.of('north').snapshots.at(-1)!.record;
    await bench.log.append('north', () => [{ type: 'reported', node: 'north-1', records: [{ ...ahead, takenUnixMs: bench.clock.wallUnixMs() + 3_600_000 }], gone: [] }]);
    expect(await bench.work.proveCopy('north', ahead.id, never)).toMatchObject({ ok: true });
    expect(await bench.work.newest('north')).toEqual(made.ok && made.snapshot);
  });

  test('gets no younger by what its host tells of it later', async () => {
    const bench = await datastoreWorkBench();
    const made = await bench.work.prove('north', never);
    const { node, record } = bench.log.of('north').snapshots.at(-1)!;
    const told = { ...record, takenUnixMs: record.takenUnixMs + 600_000 };
    bench.clock.advance(600_000);
    expect(newsOf(bench.log.of('north'), node, [told], true)).toBeNull();
    await bench.log.append('north', () => [{ type: 'reported', node, records: [{ ...told, id: 'another' }], gone: [] }]);
    expect(await bench.work.newest('north')).toEqual(made.ok && made.snapshot);
  });
});

describe('a taking', () => {
  test('comes to the coordinator, and can be proved there later', async () => {
    const bench = await datastoreWorkBench();
    expect(await bench.work.take('north', null, never)).toMatchObject({ ok: true, warning: '', snapshot: { record: { copies: [{ kind: 'host', node: 'north-1' }, { kind: 'coordinator' }] } } });
    expect(await bench.work.proveCopy('north', null, never)).toMatchObject({ ok: true });
    expect(ordersOf(bench)).toEqual(['north-1: take', 'north-1: send', 'north-2: prove']);
  });

  test('that nobody could ever open stays where it is, and says what is missing', async () => {
    const bench = await datastoreWorkBench({ nodes: [aMember('edge-1', memberFacts(), { cluster: 'edge' })] });
    expect(await bench.work.take('edge', null, never)).toMatchObject({ ok: true, warning: expect.stringContaining('it is not sealed') as string });
    expect(ordersOf(bench)).toEqual(['edge-1: take']);
  });

  test('of a node that keeps no datastore, or of no cluster, says so', async () => {
    const bench = await datastoreWorkBench();
    expect(await bench.work.take('north', 'north-2', never)).toMatchObject({ ok: false, message: expect.stringContaining('north-2 keeps no datastore of cluster north') as string });
    expect(await bench.work.take('north', 'nroth-1', never)).toMatchObject({ ok: false, message: 'no node is called nroth-1; `farrier node ls` lists them' });
    expect(await bench.work.take('north', 'south-1', never)).toMatchObject({ ok: false, message: expect.stringContaining('south-1 is no node of cluster "north"') as string });
    expect(await bench.work.take('nowhere', null, never)).toMatchObject({ ok: false, message: expect.stringContaining('no node of cluster "nowhere"') as string });
  });
});

describe('a drill', () => {
  test('measures what a loss would cost, and proves the copy that it brought back', async () => {
    const bench = await datastoreWorkBench();
    await bench.work.take('north', null, never);
    bench.clock.advance(60_000);
    const drill = await bench.work.drill('north', 'ann', never);
    expect(drill).toMatchObject({ cluster: 'north', by: 'ann', end: { ok: true, prover: 'north-2', fetchMs: 40, rtoMs: 40 + 12.5 + 40 + 30 + 800 + 9 + 3, rpoMs: 60_000 } });
    expect(bench.log.of('north').drills).toEqual([drill]);
    expect(await bench.work.newest('north')).not.toBeNull();
  });

  test('without a copy off the hosts, or with one that nobody opens, is kept as one that did not go well', async () => {
    const bench = await datastoreWorkBench();
    expect((await bench.work.drill('north', 'ann', never)).end).toMatchObject({ ok: false, code: 'no-copy' });
    await bench.work.take('north', null, never);
    const prover = bench.state.nodes.get('north-2');
    if (prover === undefined) throw new Error('no prover');
    // It was made anew, and has another key.
    bench.state.nodes.set('north-2', { ...prover, facts: { facts: proverFacts(), sinceUnixMs: 0 } });
    expect((await bench.work.drill('north', 'ann', never)).end).toMatchObject({ ok: false, code: 'no-prover', message: expect.stringContaining('it is not sealed for this host') as string });
    expect(bench.log.of('north').drills).toHaveLength(2);
  });
});
