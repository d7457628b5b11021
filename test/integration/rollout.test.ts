import { cp, rm } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Rollout__Output } from '../../shared/wire/messages.ts';
import { call } from '../support/call.ts';
import { ModelAgent } from '../support/model-agent.ts';
import { RunningCoordinator } from '../support/running-coordinator.ts';

const PLAN = `
apiVersion: farrier/v1
kind: Plan
metadata: { name: pkg }
spec:
  maxUnavailable: 2
  maxFailures: 0
  steps:
    - packages: { install: { hello: "2.0" }, sources: [local] }
    - service: { restart: hello.service }
`;
const POLICY = `
apiVersion: farrier/v1
kind: FleetPolicy
spec: { maxUnavailable: { fleet: 2 } }
`;

describe('a rollout over the real link', () => {
  let coordinator: RunningCoordinator;
  let agents: ModelAgent[];

  beforeEach(async () => {
    coordinator = await RunningCoordinator.start();
    await call((done) => coordinator.admin.PutPolicy({ yaml: POLICY, file: 'policy.yaml' }, done));
    const token = await call<{ token: string; caHash: string; enrollAddress: string }>((done) => coordinator.admin.CreateToken({ uses: 10 }, done));
    agents = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => ModelAgent.enrolled(name, token)));
    for (const agent of agents) agent.connect();
  });

  afterEach(async () => {
    await Promise.all(agents.map((agent) => agent.disconnect()));
    await coordinator.destroy();
  });

  async function start(): Promise<string> {
    const { rollout, diagnostics } = await call<{ rollout: string; diagnostics: unknown[] }>((done) => coordinator.admin.StartRollout({ yaml: PLAN, file: 'plan.yaml' }, done));
    expect(diagnostics).toEqual([]);
    return rollout;
  }

  async function get(rollout: string): Promise<Rollout__Output> {
    const response = await call<{ rollout: Rollout__Output | null }>((done) => coordinator.admin.GetRollout({ rollout }, done));
    if (response.rollout === null) throw new Error('no rollout');
    return response.rollout;
  }

  async function until(rollout: string, status: string): Promise<{ readonly shown: Rollout__Output; readonly mostDown: number }> {
    let mostDown = 0;
    for (let look = 0; look < 1_500; look++) {
      mostDown = Math.max(mostDown, agents.filter((agent) => agent.isDown).length);
      if (look % 10 === 0) {
        const shown = await get(rollout);
        if (shown.status === status) return { shown, mostDown };
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    throw new Error(`rollout never ${status}: ${JSON.stringify(await get(rollout))}`);
  }

  it('brings every node to done with at most two down at once', async () => {
    const rollout = await start();
    const { shown, mostDown } = await until(rollout, 'completed');
    expect(shown.nodes.map((node) => node.phase)).toEqual(['done', 'done', 'done', 'done', 'done']);
    expect(mostDown).toBe(2);
  });

  it('is held when a node fails, and goes on when a person says so', async () => {
    const failing = agents[0];
    if (failing === undefined) throw new Error('no agent');
    failing.outcome = { code: 'verify-failed', message: 'crashed after start', object: 'hello' };
    const rollout = await start();
    const { shown } = await until(rollout, 'held');
    expect(shown.reason).toBe('failure-budget-spent');
    expect(shown.nodes.find((node) => node.node === 'a')?.phase).toBe('reverted');
    await call((done) => coordinator.admin.SteerRollout({ rollout, steering: 'STEERING_RESUME', why: 'known' }, done));
    const { shown: after } = await until(rollout, 'failed');
    expect(after.nodes.filter((node) => node.phase === 'done')).toHaveLength(4);
  });

  it('is brought back by a rollback, waves reversed', async () => {
    const rollout = await start();
    await until(rollout, 'completed');
    await call((done) => coordinator.admin.SteerRollout({ rollout, steering: 'STEERING_ROLLBACK', why: 'not wanted' }, done));
    const { shown } = await until(rollout, 'rolled-back');
    expect(shown.status).toBe('rolled-back');
    const { rollouts } = await call<{ rollouts: Rollout__Output[] }>((done) => coordinator.admin.ListRollouts({}, done));
    const rollback = rollouts.find((other) => other.rollbackOf === rollout);
    expect(rollback?.status).toBe('completed');
    expect(rollback?.nodes).toHaveLength(5);
  });

  it('stops granting when it is aborted', async () => {
    const rollout = await start();
    await call((done) => coordinator.admin.SteerRollout({ rollout, steering: 'STEERING_ABORT', why: 'wrong plan' }, done));
    const { shown } = await until(rollout, 'aborted');
    expect(shown.nodes.some((node) => node.phase !== 'done')).toBe(true);
  });

  it('continues on a store that was restored from an older backup, with no node upgraded twice', async () => {
    const backup = `${coordinator.dataFolder}/older`;
    await coordinator.stop();
    await cp(coordinator.settings.dataFolder, backup, { recursive: true });
    await coordinator.resume();
    const lost = await start();
    await until(lost, 'completed');
    await coordinator.stop();
    await rm(coordinator.settings.dataFolder, { recursive: true });
    await cp(backup, coordinator.settings.dataFolder, { recursive: true });
    await coordinator.resume();
    const epochBefore = Math.max(...agents.map((agent) => agent.highestEpoch));
    const rollout = await start();
    const { shown } = await until(rollout, 'completed');
    expect(shown.nodes.every((node) => node.phase === 'done')).toBe(true);
    for (const agent of agents) {
      const generations = agent.records.filter((record) => record.kind === 'done').map((record) => record.generation);
      expect(generations).toEqual([1, 2]);
      expect(agent.highestEpoch).toBeGreaterThan(epochBefore);
    }
  });

  it('counts a host that is gone for good only until a person forgets it', async () => {
    const away = agents.slice(0, 2);
    await Promise.all(away.map((agent) => agent.disconnect()));
    await coordinator.stop();
    await coordinator.resume();
    // Two of two are unavailable: silent since the coordinator started.
    const rollout = await start();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect((await get(rollout)).slots).toBe(0);
    await expect(call((done) => coordinator.admin.ForgetNode({ node: 'c', why: 'gone' }, done))).rejects.toThrow(/connected and holds no slot/);
    for (const { node } of away) await call((done) => coordinator.admin.ForgetNode({ node, why: 'hardware is gone' }, done));
    await expect.poll(async () => (await get(rollout)).nodes.filter(({ phase }) => phase === 'done').length, { timeout: 20_000 }).toBe(3);
  });

  it('goes on after the coordinator was stopped in the middle', async () => {
    const rollout = await start();
    await new Promise((resolve) => setTimeout(resolve, 40));
    await coordinator.stop();
    await coordinator.resume();
    const { shown, mostDown } = await until(rollout, 'completed');
    expect(shown.nodes.every((node) => node.phase === 'done')).toBe(true);
    expect(mostDown).toBeLessThanOrEqual(2);
  });
});
