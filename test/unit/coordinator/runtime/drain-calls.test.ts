import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';

import type { Cordon, Drain } from '../../../../coordinator/ports/drain.ts';
import { DrainCalls } from '../../../../coordinator/runtime/drain-calls.ts';
import { aFleet } from '../../../support/fleet-state.ts';
import { lineLogger } from '../../../support/line-logger.ts';
import { manualClock } from '../../../support/manual-clock.ts';
import { MemoryCluster } from '../../../support/memory-cluster.ts';
import { memoryDrain } from '../../../support/memory-drain.ts';
import { aView } from '../../../support/world-builder.ts';

const never = new AbortController().signal;
const R1 = { rollout: 'r1', generation: 1 };

/** A leader of n1 and n2, and their cluster. @param over calls of the port that behave otherwise. */
function bench(over: (real: Drain) => Partial<Drain> = () => ({})) {
  const clock = manualClock();
  const cluster = new MemoryCluster(['n1', 'n2']);
  const real = memoryDrain(cluster);
  const state = aFleet([aView('n1'), aView('n2')]);
  const asked: string[] = [];
  const drain: Drain = { ...real, ...over(real) };
  const counting: Drain = {
    ...drain,
    cordon: async (node, by, signal) => {
      asked.push(`cordon ${node}`);
      return await drain.cordon(node, by, signal);
    },
  };
  const { logger, lines } = lineLogger();
  const calls = new DrainCalls({ state, drain: counting, clock, logger, changed: () => undefined });
  const ask = async (kind: 'cordon' | 'drain' | 'restore', node: string, what = R1): Promise<void> => {
    calls.ask({ kind, node, ...what });
    await setImmediate();
  };
  const by = (): Cordon => ({ fleet: state.fleet, rollout: 'r1', epoch: state.epoch });
  return { clock, cluster, real, state, asked, calls, ask, by, lines };
}

/** Resolves when the test says so. */
function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

describe('calls to a cluster', () => {
  test('go from cordon to drained and back, and the state knows', async () => {
    const { clock, cluster, state, ask, by } = bench();
    const pod = cluster.run('n1', { app: 'web', kind: 'replicated' });
    await ask('cordon', 'n1');
    expect(state.cordons).toEqual(new Map([['n1', by()]]));
    expect(state.nodes.get('n1')?.drain?.last).toEqual({ ok: true, state: 'cordoned' });
    await ask('drain', 'n1');
    expect(state.nodes.get('n1')?.drain?.last).toEqual({ ok: true, state: 'leaving', pods: [pod] });
    cluster.pass();
    clock.advance(5_000);
    await ask('drain', 'n1');
    expect(state.nodes.get('n1')?.drain).toEqual({ generation: 1, sinceMonotonicMs: 0, last: { ok: true, state: 'drained' } });
    await ask('restore', 'n1');
    expect(state.cordons).toEqual(new Map());
    expect(state.nodes.get('n1')?.drain?.last).toEqual({ ok: true, state: 'restored' });
    expect(cluster.node('n1')?.taints).toEqual(new Set());
  });

  test('are one a node at a time, and the same is asked again only after a while', async () => {
    const { clock, asked, ask, cluster } = bench();
    cluster.isReachable = false;
    await ask('cordon', 'n1');
    await ask('cordon', 'n1');
    expect(asked).toEqual(['cordon n1']);
    clock.advance(4_999);
    await ask('cordon', 'n1');
    expect(asked).toHaveLength(1);
    clock.advance(1);
    await ask('cordon', 'n1');
    expect(asked).toHaveLength(2);
    await ask('cordon', 'n1', { rollout: 'r1', generation: 2 });
    expect(asked).toHaveLength(3);
  });

  test('of one node that hang, or throw, hold up nobody else', async () => {
    const { open, opened } = gate();
    const { state, asked, ask } = bench((real) => ({
      cordon: async (node, cordon, signal) => {
        if (node === 'n1') await opened;
        return await real.cordon(node, cordon, signal);
      },
      drain: async () => {
        throw new Error('a bug');
      },
    }));
    await ask('cordon', 'n1');
    await ask('cordon', 'n1');
    await ask('cordon', 'n2');
    expect(asked).toEqual(['cordon n1', 'cordon n2']);
    expect(state.nodes.get('n1')?.drain).toEqual({ generation: 1, sinceMonotonicMs: 0, last: null });
    expect([...state.cordons!.keys()]).toEqual(['n2']);
    await ask('drain', 'n2');
    expect(state.nodes.get('n2')?.drain?.last).toMatchObject({ ok: false, code: 'api-unreachable', message: 'a bug' });
    open();
    await setImmediate();
    expect([...state.cordons!.keys()].toSorted()).toEqual(['n1', 'n2']);
  });

  test('say what they find once, and again when it is something else', async () => {
    const { clock, cluster, ask, lines } = bench();
    cluster.run('n1', { app: 'db', kind: 'unmanaged' });
    await ask('cordon', 'n1');
    for (let pass = 0; pass < 3; pass++) {
      await ask('drain', 'n1');
      clock.advance(5_000);
    }
    cluster.isReachable = false;
    await ask('drain', 'n1');
    expect(lines.map((line) => /cordoned|pods may not leave|api-unreachable/u.exec(line)?.[0])).toEqual(['cordoned', 'pods may not leave', 'api-unreachable']);
  });

  test('count the time of a slot from the first of them, and of another slot anew', async () => {
    const { clock, state, ask } = bench();
    clock.advance(7);
    await ask('cordon', 'n1');
    clock.advance(20_000);
    await ask('drain', 'n1');
    expect(state.nodes.get('n1')?.drain?.sinceMonotonicMs).toBe(7);
    await ask('cordon', 'n1', { rollout: 'r1', generation: 2 });
    expect(state.nodes.get('n1')?.drain).toMatchObject({ generation: 2, sinceMonotonicMs: 20_007 });
  });

  test('that end after the leader has stopped change nothing', async () => {
    const { open, opened } = gate();
    const { calls, state, ask } = bench((real) => ({
      cordon: async (node, cordon) => {
        await opened;
        return await real.cordon(node, cordon, never);
      },
    }));
    await ask('cordon', 'n1');
    calls.close();
    open();
    await setImmediate();
    expect(state.cordons?.has('n1')).toBe(false);
    expect(state.nodes.get('n1')?.drain?.last).toBeNull();
  });

  test('for a node that its cluster does not have fail, and there is nothing to uncordon', async () => {
    const { cluster, state, ask } = bench();
    cluster.removeNode('n1');
    await ask('cordon', 'n1');
    expect(state.nodes.get('n1')?.drain?.last).toMatchObject({ ok: false, code: 'node-gone', object: 'n1' });
    await ask('restore', 'n1');
    expect(state.nodes.get('n1')?.drain?.last).toEqual({ ok: true, state: 'restored' });
  });

  test('of a node that is no longer of the fleet still end', async () => {
    const { state, cluster, real, ask, by } = bench();
    await real.cordon('n1', by(), never);
    state.nodes.delete('n1');
    await ask('restore', 'n1', { rollout: 'r1', generation: 0 });
    expect(cluster.node('n1')?.annotations).toEqual(new Map());
  });
});

describe('a look at the cordons', () => {
  test('finds what others left, and says where nobody could look', async () => {
    const { calls, cluster, real, state, by } = bench();
    await real.cordon('n2', by(), never);
    expect(await calls.look(never)).toBeNull();
    expect([...state.cordons!.keys()]).toEqual(['n2']);
    cluster.isReachable = false;
    expect(await calls.look(never)).toMatchObject({ code: 'api-unreachable' });
    expect([...state.cordons!.keys()]).toEqual(['n2']);
  });

  test('that is older than a call does not undo what the call did', async () => {
    const { open, opened } = gate();
    const { calls, real, state, ask, by } = bench((drain) => ({
      cordoned: async (fleet, signal) => {
        const seen = await drain.cordoned(fleet, signal);
        await opened;
        return seen;
      },
    }));
    await real.cordon('n2', by(), never);
    const looking = calls.look(never);
    await ask('cordon', 'n1');
    await ask('restore', 'n2');
    open();
    await looking;
    expect([...state.cordons!.keys()]).toEqual(['n1']);
  });
});
