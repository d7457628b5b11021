import { setImmediate } from 'node:timers/promises';
import { beforeEach, expect, test } from 'vitest';

import type { ToAgent } from '../../../../coordinator/ports/agent-sessions.ts';
import { CommandSigner } from '../../../../coordinator/runtime/command-signer.ts';
import { SnapshotCommands } from '../../../../coordinator/runtime/snapshot-commands.ts';
import type { SnapshotOutcome } from '../../../../shared/domain/snapshot-command.ts';
import { systemRandom } from '../../../../shared/ports/system-random.ts';
import { generateSigningKey } from '../../../../shared/trust/signing-key.ts';
import { decodeEnvelope } from '../../../../shared/wire/envelope-codec.ts';
import { decodeSnapshotCommand } from '../../../../shared/wire/snapshot-command-codec.ts';
import { aFleet, aMember } from '../../../support/fleet-state.ts';
import { manualClock, type ManualClock } from '../../../support/manual-clock.ts';
import { silentLogger } from '../../../support/silent-logger.ts';

const never = new AbortController().signal;
const action = { kind: 'send', snapshot: 'f00d' } as const;
let clock: ManualClock;
let sent: ToAgent[];
let hasSession: boolean;
let leads: boolean;
let commands: SnapshotCommands;
const state = aFleet([aMember('cp-1', null)]);

beforeEach(() => {
  clock = manualClock();
  [sent, hasSession, leads] = [[], true, true];
  const signer = new CommandSigner(generateSigningKey(), clock);
  const sessions = { send: (_node: string, message: ToAgent) => (sent.push(message), hasSession) };
  commands = new SnapshotCommands({ state, signer, sessions, clock, random: systemRandom, logger: silentLogger, assertLeading: async () => (leads ? undefined : Promise.reject(new Error('deposed'))) });
});

const ok = (command: string): SnapshotOutcome => ({ command, code: 'ok', message: '', snapshot: null, fetchMs: 0 });

async function pass(seconds: number): Promise<void> {
  for (let elapsed = 0; elapsed < seconds; elapsed += 5) {
    for (let turn = 0; turn < 10; turn += 1) await setImmediate();
    clock.advance(5_000);
  }
  for (let turn = 0; turn < 10; turn += 1) await setImmediate();
}

test('an order is sent until it is answered, signed anew for the leader as it is, under one id', async () => {
  const id = commands.newId();
  const doing: string[] = [];
  const answer = commands.order('cp-1', { id, action }, (progress) => void doing.push(progress.doing), never);
  await pass(25);
  const told = sent.map((message) => (message.kind === 'snapshot' ? decodeSnapshotCommand(decodeEnvelope(message.envelope).payload) : null));
  expect(told.length).toBeGreaterThan(1);
  for (const each of told) expect(each).toMatchObject({ ok: true, value: { id, node: 'cp-1', fleet: state.fleet, epoch: state.epoch, action } });
  commands.progressed('cp-1', { command: id, doing: 'sends it' });
  // Whoever else answers is not the one who was asked.
  commands.progressed('cp-2', { command: id, doing: 'nothing' });
  expect([doing, commands.answered('cp-2', ok(id)), commands.answered('cp-1', ok(id)), await answer, commands.answered('cp-1', ok(id))]).toEqual([['sends it'], false, true, ok(id), false]);
});

test('a host that goes away is waited for a while, and one that comes back is not given up', async () => {
  const first = commands.order('cp-1', { id: commands.newId(), action }, () => undefined, never);
  hasSession = false;
  await pass(60);
  hasSession = true;
  await pass(20);
  hasSession = false;
  await pass(90);
  let isOver = false;
  void first.then(() => (isOver = true));
  await pass(5);
  expect(isOver).toBe(false);
  await pass(60);
  expect(await first).toMatchObject({ ok: false, code: 'away' });
});

test('one that its host refuses is over at once; one that is stopped rejects; a deposed leader orders nothing', async () => {
  const refused = commands.order('cp-1', { id: commands.newId(), action }, () => undefined, never);
  await pass(0);
  commands.refused('cp-2', 'not me');
  commands.refused('cp-1', 'epoch-stale of a leader that was deposed');
  expect(await refused).toMatchObject({ code: 'refused', message: 'epoch-stale of a leader that was deposed' });
  const stop = new AbortController();
  const stopped = commands.order('cp-1', { id: commands.newId(), action }, () => undefined, stop.signal);
  stop.abort(new Error('stopped'));
  await expect(stopped).rejects.toThrow('stopped');
  const before = sent.length;
  leads = false;
  await expect(commands.order('cp-1', { id: commands.newId(), action }, () => undefined, never)).rejects.toThrow('deposed');
  expect(sent.length).toBe(before);
});
