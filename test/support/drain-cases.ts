import { describe, expect, test } from 'vitest';

import type { Cordon, Drain, DrainResult } from '../../coordinator/ports/drain.ts';

/** A cluster of two nodes that can run pods, with nothing on them. */
export interface DrainBench {
  readonly drain: Drain;
  readonly nodes: readonly [string, string];
  /** Ready when it resolves. @returns namespace/name. */
  run(node: string, app: string, kind: 'replicated' | 'daemon' | 'static' | 'finished' | 'unmanaged'): Promise<string>;
  budget(name: string, app: string, minHealthy: number): Promise<void>;
  /** Lets the cluster do what it has to do. */
  pass(): Promise<void>;
  /** What stands on the node: who cordoned it, and whether a person did. */
  look(node: string): Promise<{ readonly cordon: Cordon | null; readonly tainted: boolean; readonly unschedulable: boolean }>;
  podsOn(node: string): Promise<readonly string[]>;
  /** As `kubectl cordon`. */
  personCordons(node: string): Promise<void>;
  /** The pod is gone when its eviction is asked for, and was there when pods were listed. */
  loseAtEviction(pod: string): Promise<void>;
  removeNode(node: string): Promise<void>;
  setReachable(isReachable: boolean): Promise<void>;
}

const BY: Cordon = { fleet: 'f', rollout: 'r1', epoch: 3 };
const PASSES_MAX = 60;

/** What everything that drains nodes has to hold. */
export function describeDrain(name: string, open: () => Promise<DrainBench>): void {
  describe(`a drain: ${name}`, () => {
    const never = new AbortController().signal;
    const once = ({ drain }: DrainBench, node: string): Promise<DrainResult> => drain.drain(node, BY, never);
    const cordoned = async (): Promise<DrainBench & { readonly node: string }> => {
      const bench = await open();
      const [node] = bench.nodes;
      expect(await bench.drain.cordon(node, BY, never)).toEqual({ ok: true });
      return { ...bench, node };
    };
    const untilDrained = async (bench: DrainBench, node: string): Promise<readonly DrainResult[]> => {
      const results: DrainResult[] = [];
      for (let pass = 0; pass < PASSES_MAX; pass += 1) {
        const result = await once(bench, node);
        results.push(result);
        if (result.ok && result.state === 'drained') return results;
        await bench.pass();
      }
      throw new Error(`never drained: ${JSON.stringify(results.at(-1))}`);
    };

    test('cordons, drains and restores an idle node, leaving nothing behind', async () => {
      const { drain, look, node, nodes } = await cordoned();
      expect(await look(node)).toEqual({ cordon: BY, tainted: true, unschedulable: false });
      expect(await look(nodes[1])).toEqual({ cordon: null, tainted: false, unschedulable: false });
      expect(await drain.drain(node, BY, never)).toEqual({ ok: true, state: 'drained' });
      expect(await drain.restore(node, BY, never)).toEqual({ ok: true });
      expect(await look(node)).toEqual({ cordon: null, tainted: false, unschedulable: false });
    });

    test('evicts nothing from a node that bears no cordon', async () => {
      const bench = await open();
      const [node] = bench.nodes;
      const pod = await bench.run(node, 'web', 'replicated');
      expect(await once(bench, node)).toMatchObject({ ok: false, code: 'not-cordoned' });
      expect(await bench.podsOn(node)).toEqual([pod]);
    });

    test('says which pods are leaving, and is done when they run elsewhere', async () => {
      const bench = await cordoned();
      const pod = await bench.run(bench.node, 'web', 'replicated');
      expect(await once(bench, bench.node)).toEqual({ ok: true, state: 'leaving', pods: [pod] });
      await untilDrained(bench, bench.node);
      expect(await bench.podsOn(bench.node)).toEqual([]);
      expect(await bench.podsOn(bench.nodes[1])).toHaveLength(1);
    });

    test('leaves pods of DaemonSets, static and finished ones', async () => {
      const bench = await cordoned();
      const pods = [await bench.run(bench.node, 'net', 'daemon'), await bench.run(bench.node, 'etcd', 'static'), await bench.run(bench.node, 'job', 'finished')];
      expect(await once(bench, bench.node)).toEqual({ ok: true, state: 'drained' });
      expect(await bench.podsOn(bench.node)).toEqual(pods);
    });

    test('names the budget that blocks, and goes on when there is some again', async () => {
      const bench = await cordoned();
      const pods = [await bench.run(bench.node, 'web', 'replicated'), await bench.run(bench.node, 'web', 'replicated')];
      await bench.budget('web', 'web', 1);
      const first = await once(bench, bench.node);
      expect(first).toMatchObject({ state: 'blocked', blocks: [{ code: 'budget', budget: 'web', message: expect.stringContaining('needs 1 healthy pods') as string }], pods: [pods[0]] });
      // One after the other: each time until the one before it is ready elsewhere.
      await bench.pass();
      const results = await untilDrained(bench, bench.node);
      expect(results.length).toBeGreaterThan(2);
    });

    test('a budget that allows nothing blocks for as long as it does', async () => {
      const bench = await cordoned();
      const pod = await bench.run(bench.node, 'web', 'replicated');
      await bench.budget('all', 'web', 1);
      for (let pass = 0; pass < 5; pass += 1) {
        expect(await once(bench, bench.node)).toMatchObject({ state: 'blocked', blocks: [{ pod, code: 'budget', budget: 'all' }], pods: [] });
        await bench.pass();
      }
      expect(await bench.podsOn(bench.node)).toEqual([pod]);
    });

    test('two budgets on one pod are told apart from one that is spent', async () => {
      const bench = await cordoned();
      const pod = await bench.run(bench.node, 'web', 'replicated');
      await bench.budget('one', 'web', 0);
      await bench.budget('two', 'web', 0);
      expect(await once(bench, bench.node)).toMatchObject({ state: 'blocked', blocks: [{ pod, code: 'budgets-conflict' }], pods: [] });
    });

    test('a pod that nobody would make again stays and blocks, the others go', async () => {
      const bench = await cordoned();
      const [bare, web] = [await bench.run(bench.node, 'bare', 'unmanaged'), await bench.run(bench.node, 'web', 'replicated')];
      expect(await once(bench, bench.node)).toMatchObject({ state: 'blocked', blocks: [{ pod: bare, code: 'unmanaged' }], pods: [web] });
      await bench.pass();
      expect(await bench.podsOn(bench.node)).toEqual([bare]);
    });

    test('a pod that is gone when it is evicted is gone', async () => {
      const bench = await cordoned();
      await bench.loseAtEviction(await bench.run(bench.node, 'web', 'replicated'));
      expect(await once(bench, bench.node)).toEqual({ ok: true, state: 'drained' });
    });

    test('everything may be done twice', async () => {
      const { drain, look, node } = await cordoned();
      expect(await drain.cordon(node, BY, never)).toEqual({ ok: true });
      expect((await look(node)).cordon).toEqual(BY);
      for (let time = 0; time < 2; time += 1) expect(await drain.restore(node, BY, never)).toEqual({ ok: true });
      expect(await look(node)).toEqual({ cordon: null, tainted: false, unschedulable: false });
    });

    test.each(['before', 'after'] as const)('the cordon of a person, made %s ours, outlives it', async (when) => {
      const { drain, look, nodes: [node], personCordons } = await open();
      if (when === 'before') await personCordons(node);
      await drain.cordon(node, BY, never);
      if (when === 'after') await personCordons(node);
      await drain.restore(node, BY, never);
      expect(await look(node)).toEqual({ cordon: null, tainted: false, unschedulable: true });
    });

    test('a newer leader takes over, and the older one changes nothing any more', async () => {
      const { drain, look, node } = await cordoned();
      const newer = { ...BY, epoch: 4 };
      expect(await drain.cordon(node, newer, never)).toEqual({ ok: true });
      for (const call of [drain.cordon, drain.drain, drain.restore]) expect(await call(node, BY, never)).toMatchObject({ ok: false, code: 'fenced' });
      expect((await look(node)).cordon).toEqual(newer);
      expect(await drain.restore(node, { ...BY, epoch: 5 }, never)).toEqual({ ok: true });
    });

    test.each<[string, Cordon]>([['r2', { ...BY, rollout: 'r2' }], ['g', { ...BY, fleet: 'g' }]])('what %s cordoned is left alone, and said', async (object, theirs) => {
      const { drain, look, nodes: [node] } = await open();
      await drain.cordon(node, theirs, never);
      for (const call of [drain.cordon, drain.drain, drain.restore]) expect(await call(node, BY, never)).toMatchObject({ ok: false, code: 'owned-elsewhere', object });
      expect((await look(node)).cordon).toEqual(theirs);
    });

    test('lists what the fleet cordoned, whoever’s rollout it was', async () => {
      const { drain, nodes: [one, other] } = await open();
      await drain.cordon(one, BY, never);
      await drain.cordon(other, { ...BY, fleet: 'g' }, never);
      expect(await drain.cordoned('f', never)).toEqual({ ok: true, nodes: new Map([[one, BY]]) });
    });

    test('an API server that does not answer is said, and nothing is lost', async () => {
      const { drain, look, node, setReachable } = await cordoned();
      await setReachable(false);
      for (const call of [drain.cordon, drain.drain, drain.restore]) expect(await call(node, BY, never)).toMatchObject({ ok: false, code: 'api-unreachable' });
      expect(await drain.cordoned('f', never)).toMatchObject({ ok: false, code: 'api-unreachable' });
      await setReachable(true);
      expect((await look(node)).cordon).toEqual(BY);
      expect(await drain.drain(node, BY, never)).toEqual({ ok: true, state: 'drained' });
    });

    test('a node that was deleted is gone; there is nothing to restore', async () => {
      const { drain, node, removeNode } = await cordoned();
      await removeNode(node);
      for (const call of [drain.cordon, drain.drain]) expect(await call(node, BY, never)).toMatchObject({ ok: false, code: 'node-gone', object: node });
      expect(await drain.restore(node, BY, never)).toEqual({ ok: true });
    });

    test('rejects when it is stopped, and did nothing', async () => {
      const { drain, look, nodes: [node] } = await open();
      const stopped = AbortSignal.abort(new Error('stopped'));
      await expect(drain.cordon(node, BY, stopped)).rejects.toThrow('stopped');
      expect((await look(node)).cordon).toBeNull();
    });
  });
}
