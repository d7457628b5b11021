// A coordinator whose disk is full: what is refused, with which words, and that it goes on. The store's own part, on a real
// file system, is looked at with real hosts in test/fleet/wrong-input.fleet.test.ts.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { enroll } from '../../../agent/identity/enroll.ts';
import { fullStore } from '../../../coordinator/adapters/sqlite-store-error.ts';
import type { EventStore } from '../../../coordinator/ports/event-store.ts';
import { keepLeadership } from '../../../coordinator/runtime/lead.ts';
import { systemClock } from '../../../shared/ports/system-clock.ts';
import type { CreateTokenResponse__Output } from '../../../shared/wire/messages.ts';
import { call } from '../../support/call.ts';
import { runFarrier } from '../../support/cli-run.ts';
import { lineLogger } from '../../support/line-logger.ts';
import { memoryStore } from '../../support/memory-store.ts';
import { ModelAgent } from '../../support/model-agent.ts';
import { RunningCoordinator } from '../../support/running-coordinator.ts';
import { storedIn } from '../../support/unchanged.ts';

const PLAN = 'apiVersion: farrier/v1\nkind: Plan\nmetadata: { name: hello }\nspec:\n  maxUnavailable: 1\n  steps:\n    - service: { restart: hello.service }\n';
const POLICY = 'apiVersion: farrier/v1\nkind: FleetPolicy\nspec: { maxUnavailable: { fleet: 1 } }\n';
const WRITES: readonly PropertyKey[] = ['append', 'putRecord', 'deleteRecord', 'acquireLease', 'releaseLease'];
const NO_ROOM = 'no room left to write /var/lib/farrier-coordinator/store.db; nothing of this write was kept; free space on that file system';

const log = lineLogger();
/** Writes that still fit. */
let room = Infinity;
let coordinator: RunningCoordinator;
let agents: ModelAgent[];
let token: CreateTokenResponse__Output;

/** A store that has no room for any write, when the test says so. */
function narrow(store: EventStore): EventStore {
  return new Proxy(store, {
    get: (target, name) => {
      const found: unknown = Reflect.get(target, name, target);
      if (typeof found !== 'function') return found;
      if (!WRITES.includes(name)) return found.bind(target) as unknown;
      return (...words: readonly unknown[]) => {
        if (room < 1) return Promise.reject(fullStore('/var/lib/farrier-coordinator/store.db', undefined));
        room -= 1;
        return found.apply(target, words) as unknown;
      };
    },
  });
}

beforeAll(async () => {
  coordinator = await RunningCoordinator.start(log.logger, narrow);
  await call((done) => coordinator.admin.PutPolicy({ yaml: POLICY, file: 'policy.yaml' }, done));
  token = await call<CreateTokenResponse__Output>((done) => coordinator.admin.CreateToken({ uses: 10 }, done));
  agents = await Promise.all(['a', 'b', 'c', 'd'].map((name) => ModelAgent.enrolled(name, { ...token, workMs: 100 })));
  for (const agent of agents) agent.connect();
}, 30_000);

afterAll(async () => {
  room = Infinity;
  await Promise.all(agents.map((agent) => agent.disconnect()));
  await coordinator.destroy();
});

async function farrier(...argv: readonly string[]): Promise<{ readonly exitCode: number; readonly said: string }> {
  const { stdout, stderr, exitCode } = await runFarrier([...argv, '--socket', coordinator.settings.adminSocket], { clock: systemClock, stdin: PLAN });
  return { exitCode, said: [...stdout, ...stderr].join('\n') };
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let look = 0; look < 800; look += 1) {
    if (await holds()) return;
    await systemClock.sleep(25);
  }
  throw new Error(`it did not come to that:\n${log.lines.slice(-8).join('\n')}`);
}

test('commands are refused with the cause, reading goes on, nothing is lost, and with room again the rollout completes', async () => {
  const started = await farrier('rollout', 'start', '-');
  const rollout = /rollout (\S+) started/.exec(started.said)?.[1] ?? '';
  await until(() => agents.some((agent) => agent.isDown));
  room = 0;
  const before = storedIn(coordinator.settings.dataFolder);

  expect(await farrier('rollout', 'start', '-')).toEqual({ exitCode: 1, said: `farrier: ${NO_ROOM}\n  remedy: nothing was changed` });
  expect(await farrier('token', 'create')).toEqual({ exitCode: 1, said: `farrier: ${NO_ROOM}\n  remedy: nothing was changed` });
  expect(await farrier('node', 'ls')).toMatchObject({ exitCode: 0 });
  expect(await farrier('rollout', 'show', rollout)).toMatchObject({ exitCode: 0 });
  const folder = mkdtempSync(join(tmpdir(), 'farrier-full-'));
  const order = { ...token, name: 'e', machineId: '', stateDir: folder, force: false, clock: systemClock };
  expect(await enroll(order, AbortSignal.timeout(20_000))).toEqual({
    ok: false,
    code: 'refused',
    message: `the coordinator refuses: ${NO_ROOM}, then repeat the request: a token's use that was taken is not taken twice (store-full)`,
  });
  await until(() => log.lines.some((line) => line.includes('session ended') && line.includes('no room left')));
  expect(storedIn(coordinator.settings.dataFolder)).toEqual(before);
  expect(agents.filter((agent) => agent.isDown).length).toBeLessThanOrEqual(1);

  room = Infinity;
  await until(async () => (await farrier('rollout', 'show', rollout)).said.includes('completed'));
  expect(agents.map((agent) => agent.records.filter(({ kind }) => kind === 'done').length)).toEqual([1, 1, 1, 1]);
  expect(await enroll(order, AbortSignal.timeout(20_000))).toMatchObject({ ok: true, node: 'e' });
  rmSync(folder, { recursive: true });
  // Nobody speaks as it: it would count as unavailable in what follows.
  expect(await farrier('node', 'remove', 'e', '--why', 'tested')).toMatchObject({ exitCode: 0 });
  const { broken } = await call<{ broken: string }>((done) => coordinator.admin.ListAudit({}, done));
  expect(broken).toBe('');
}, 90_000);

test('the controller decides nothing that it cannot write down, says so once, and goes on', async () => {
  await Promise.all(agents.map((agent) => agent.disconnect()));
  const rollout = /rollout (\S+) started/.exec((await farrier('rollout', 'start', '-')).said)?.[1] ?? '';
  room = 0;
  for (const agent of agents) agent.connect();
  const said = () => log.lines.filter((line) => line.includes('no room in the store: no slot is granted and no command taken'));
  await until(() => said().length > 0);
  await systemClock.sleep(300);
  expect(said()).toHaveLength(1);
  expect(agents.map((agent) => agent.records.filter(({ rollout: of }) => of === rollout).length)).toEqual([0, 0, 0, 0]);
  room = Infinity;
  await until(async () => (await farrier('rollout', 'show', rollout)).said.includes('completed'));
  expect(log.lines.filter((line) => line.includes('the store has room again; the fleet goes on'))).toHaveLength(1);
}, 60_000);

test('what was done and could not be written to the audit log is not called refused', async () => {
  // The command's own write is the last for which there is room.
  const tokens = () => (storedIn(coordinator.settings.dataFolder).records as readonly { readonly key: string }[]).filter(({ key }) => key.startsWith('token/')).length;
  const before = tokens();
  room = 1;
  const said = await farrier('token', 'create');
  room = Infinity;
  expect(tokens()).toBe(before + 1);
  expect(said).toMatchObject({ exitCode: 1, said: expect.stringContaining(`failed: this was done, but could not be written to the audit log: ${NO_ROOM}`) as string });
  expect(said.said).not.toContain('nothing was changed');
});

test('a lease that cannot be written is not lost: nobody else can write it either', async () => {
  const store = narrow(memoryStore({ clock: systemClock }));
  room = 0;
  const stop = new AbortController();
  const kept = keepLeadership(store, 'me', systemClock, stop.signal);
  await systemClock.sleep(50);
  room = Infinity;
  stop.abort();
  expect(await kept).toBe(true);
});
