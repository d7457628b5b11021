import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { CheckPlanResponse__Output as CheckedPlan, ExplainNodeResponse__Output as Explained, Rollout__Output as Rollout } from '../../shared/wire/messages.ts';
import { call } from '../support/call.ts';
import { WORKER } from '../support/example-facts.ts';
import { MemoryCluster } from '../support/memory-cluster.ts';
import { cordonOf, memoryDrain } from '../support/memory-drain.ts';
import { ModelAgent } from '../support/model-agent.ts';
import { RunningCoordinator } from '../support/running-coordinator.ts';

const PLAN = `
apiVersion: farrier/v1
kind: Plan
metadata: { name: pkg }
spec:
  drain: always
  steps:
    - packages: { install: { hello: "2.0" }, sources: [local] }
    - service: { restart: hello.service }
`;
const WAIT_MAX_MS = 40_000;

describe('a rollout that drains its nodes', () => {
  const cluster = new MemoryCluster(['a', 'b']);
  let coordinator: RunningCoordinator;
  let agents: ModelAgent[];

  beforeEach(async () => {
    coordinator = await RunningCoordinator.start(undefined, undefined, memoryDrain(cluster));
    const token = await call<{ token: string; caHash: string; enrollAddress: string }>((done) => coordinator.admin.CreateToken({ uses: 2, cluster: 'prod' }, done));
    agents = await Promise.all(['a', 'b'].map((name) => ModelAgent.enrolled(name, { ...token, workMs: 300 })));
    for (const agent of agents) agent.connect();
    await until('facts', async () => {
      for (const agent of agents) agent.tellFacts(WORKER);
      const { hops } = await call<CheckedPlan>((done) => coordinator.admin.CheckPlan({ yaml: PLAN, file: 'plan.yaml' }, done));
      return hops[0]?.groups.length === 1 && hops[0].groups[0]?.drainedBecause === 'the plan says drain: always';
    });
  });

  afterEach(async () => {
    await Promise.all(agents.map((agent) => agent.disconnect()));
    await coordinator.destroy();
  });

  it('empties each before it begins, over a restart of the coordinator, and gives it back', async () => {
    const pod = cluster.run('a', { app: 'web', kind: 'replicated' });
    cluster.budget('web', 'web', 1);
    const { rollout } = await call<{ rollout: string }>((done) => coordinator.admin.StartRollout({ yaml: PLAN, file: 'plan.yaml' }, done));
    await until('a is blocked', async () => (await reasonsOf('a')).includes('drain-blocked'));
    expect((await shown(rollout)).nodes.map(({ phase }) => phase)).toEqual(['draining', 'staged']);

    await coordinator.stop();
    expect(cordoned()).toEqual(['a']);
    const [before] = cordons();
    await coordinator.resume();
    await until('a is blocked again', async () => (await reasonsOf('a')).includes('drain-blocked'));
    expect(cordons()[0]).toEqual({ ...before, epoch: before!.epoch + 1 });
    expect(cluster.podsOn('a').map(({ name }) => name)).toEqual([pod]);

    cluster.budget('web', 'web', 0);
    const wrong: string[] = [];
    await until('completed', async () => {
      cluster.pass();
      for (const agent of agents.filter(({ isDown }) => isDown)) {
        if (!cordoned().includes(agent.node) || cluster.podsOn(agent.node).length > 0) wrong.push(`${agent.node} was changed with pods on it`);
      }
      if (cordoned().length > 1) wrong.push('two nodes were cordoned at once');
      return (await shown(rollout)).status === 'completed';
    });
    expect(wrong).toEqual([]);
    expect(cordoned()).toEqual([]);
  });

  async function shown(rollout: string): Promise<Rollout> {
    const response = await call<{ rollout: Rollout | null }>((done) => coordinator.admin.GetRollout({ rollout }, done));
    return response.rollout!;
  }

  async function reasonsOf(node: string): Promise<readonly string[]> {
    const { explanations } = await call<Explained>((done) => coordinator.admin.ExplainNode({ node }, done));
    return explanations.map(({ reason }) => reason);
  }

  function cordoned(): readonly string[] {
    return [...cluster.nodes()].flatMap(([name, node]) => (cordonOf(node) === null ? [] : [name]));
  }

  function cordons() {
    return [...cluster.nodes().values()].flatMap((node) => cordonOf(node) ?? []);
  }
});

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const patience = AbortSignal.timeout(WAIT_MAX_MS);
  while (!(await holds())) {
    if (patience.aborted) throw new Error(`never: ${what}`);
    await sleep(20);
  }
}
