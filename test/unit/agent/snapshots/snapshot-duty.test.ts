import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { CommandFolder } from '../../../../agent/snapshots/commands/command-folder.ts';
import { SnapshotDuty } from '../../../../agent/snapshots/commands/snapshot-duty.ts';
import type { SnapshotCommand } from '../../../../shared/domain/snapshot-command.ts';
import type { SnapshotRecord } from '../../../../shared/domain/snapshot.ts';
import { signEnvelope, verifyEnvelope } from '../../../../shared/trust/dsse.ts';
import type { Envelope } from '../../../../shared/trust/envelope.ts';
import { PERMIT_TYPE, SNAPSHOT_COMMAND_TYPE } from '../../../../shared/trust/payload-types.ts';
import { generateSigningKey } from '../../../../shared/trust/signing-key.ts';
import { trustedKeyOf } from '../../../../shared/trust/trusted-key.ts';
import type { AgentMessage } from '../../../../shared/wire/messages.ts';
import { encodeSnapshotCommand } from '../../../../shared/wire/snapshot-command-codec.ts';
import { createPublicKey } from 'node:crypto';
import { exampleSnapshot } from '../../../support/example-snapshot.ts';
import { manualClock } from '../../../support/manual-clock.ts';
import { silentLogger } from '../../../support/silent-logger.ts';

const key = generateSigningKey();
const trusted = [trustedKeyOf(createPublicKey(key.privateKey))];
const COMMAND: SnapshotCommand = { id: 'ab'.repeat(8), fleet: 'demo', node: 'cp-1', epoch: 7, issuedUnixMs: 1, expiresUnixMs: Number.MAX_SAFE_INTEGER, action: { kind: 'send', snapshot: 'f00d' } };
const idOf = (count: number): string => count.toString(16).padStart(16, '0');

let stateDir: string;
let commands: CommandFolder;
let started: string[];
let running: boolean;
let says: string;
let journalEpoch: number;
let records: readonly SnapshotRecord[];
const clock = manualClock();

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'farrier-duty-'));
  commands = new CommandFolder(stateDir);
  [started, running, says, journalEpoch, records] = [[], false, '', 0, []];
});
afterEach(() => rmSync(stateDir, { recursive: true }));

async function duty(): Promise<SnapshotDuty> {
  const made = new SnapshotDuty({
    commands, journalEpoch: () => journalEpoch, doing: () => null,
    host: { fleet: 'demo', node: 'cp-1', clock, logger: silentLogger, verify: (envelope, type) => verifyEnvelope(envelope, trusted, type) },
    start: async (id) => (started.push(id), says),
    isRunning: async () => running,
    catalogue: { state: async () => JSON.stringify(records), records: async () => records },
  });
  await made.open();
  return made;
}

function signed(change: Partial<SnapshotCommand> = {}): Envelope {
  return signEnvelope(SNAPSHOT_COMMAND_TYPE, encodeSnapshotCommand({ ...COMMAND, ...change }), key);
}

async function finish(id: string): Promise<void> {
  await commands.end(id, { outcome: { command: id, code: 'ok', message: '', snapshot: null, fetchMs: 0 }, proof: null });
}

test('an order is carried out once, however often it comes', async () => {
  const agent = await duty();
  expect(await agent.accept(signed())).toBeNull();
  running = true;
  expect(await agent.accept(signed())).toBeNull();
  running = false;
  await finish(COMMAND.id);
  expect(await agent.accept(signed())).toBeNull();
  // A restart forgets nothing of it.
  expect(await (await duty()).accept(signed())).toBeNull();
  expect(started).toEqual([COMMAND.id]);
});

test.each<readonly [string, Envelope, string]>([
  ['unsigned', { ...signed(), signatures: [] }, 'signature-invalid'],
  ['signed by a stranger', signEnvelope(SNAPSHOT_COMMAND_TYPE, encodeSnapshotCommand(COMMAND), generateSigningKey()), 'signature-invalid'],
  ['of another payload type', signEnvelope(PERMIT_TYPE, encodeSnapshotCommand(COMMAND), key), 'signature-invalid'],
  ['changed since it was signed', { ...signed(), payload: encodeSnapshotCommand({ ...COMMAND, epoch: 8 }) }, 'signature-invalid'],
  ['for another node', signed({ node: 'cp-2' }), 'wrong-node'],
])('one that is %s is refused, and nothing of it is kept', async (_what, envelope, code) => {
  const agent = await duty();
  expect(await agent.accept(envelope)).toMatchObject({ code });
  expect([started, await commands.commands(), await commands.highestEpoch()]).toEqual([[], [], 0]);
});

test('one of a leader that was deposed is refused, also after a restart, and by what the journal has seen', async () => {
  const agent = await duty();
  await agent.accept(signed());
  const later = await duty();
  expect(later.highestEpoch).toBe(7);
  expect(await later.accept(signed({ id: idOf(2), epoch: 6 }))).toMatchObject({ code: 'epoch-stale' });
  journalEpoch = 9;
  expect(await later.accept(signed({ id: idOf(3), epoch: 8 }))).toMatchObject({ code: 'epoch-stale' });
  expect(started).toEqual([COMMAND.id]);
});

test('a newer leader that sends an order of the older one again fences that one off for good', async () => {
  await (await duty()).accept(signed());
  await (await duty()).accept(signed({ epoch: 8 }));
  expect(await (await duty()).accept(signed({ id: idOf(2) }))).toMatchObject({ code: 'epoch-stale' });
});

test('what waits for another one comes to its turn; what is killed twice is told as interrupted', async () => {
  const agent = await duty();
  says = 'running';
  await agent.accept(signed());
  await agent.drive();
  says = '';
  await agent.drive();
  expect(started).toHaveLength(3);
  // Its unit is gone and left no word.
  await agent.drive();
  await agent.drive();
  expect([started.length, (await commands.endOf(COMMAND.id))?.outcome.code]).toEqual([4, 'interrupted']);
  await agent.drive();
  expect(started).toHaveLength(4);
});

test('the last 64 are remembered, and none that is not over is forgotten', async () => {
  const envelope = signed();
  await commands.remember({ id: idOf(1), receivedUnixMs: 0, starts: 0, envelope });
  for (let count = 2; count <= 70; count += 1) {
    await commands.remember({ id: idOf(count), receivedUnixMs: count, starts: 0, envelope });
    await finish(idOf(count));
  }
  const known = (await commands.commands()).map(({ id }) => id);
  // The one that came last was not over when it came.
  expect([known.length, known[0], known.at(-1), await commands.endOf(idOf(2))]).toEqual([64, idOf(1), idOf(70), null]);
});

test('a session is told what lies here and what became of orders, until that is acknowledged, and again only what is new', async () => {
  const agent = await duty();
  records = [exampleSnapshot({ copies: [] })];
  await agent.accept(signed());
  const told: string[] = [];
  const listen = (): (() => void) => agent.onNews((message: AgentMessage) => void told.push(Object.keys(message)[0] ?? ''));
  const look = async (): Promise<readonly string[]> => {
    for (let turn = 0; turn < 30; turn += 1) await new Promise((resolve) => void setTimeout(resolve, 1));
    clock.advance(500);
    for (let turn = 0; turn < 30; turn += 1) await setImmediate();
    return told.splice(0);
  };
  let stop = listen();
  expect(await look()).toEqual(['snapshots']);
  await finish(COMMAND.id);
  expect([...(await look()), ...(await look())]).toEqual(['snapshotOutcome']);
  expect(await look()).toEqual([]);
  stop();
  // It was not acknowledged: the next session hears it again.
  stop = listen();
  expect(await look()).toEqual(['snapshots', 'snapshotOutcome']);
  await agent.acknowledged(COMMAND.id);
  stop();
  stop = listen();
  expect(await look()).toEqual(['snapshots']);
  records = [];
  expect([...(await look()), ...(await look())]).toEqual(['snapshots']);
  stop();
});
