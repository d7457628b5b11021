import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPublicKey } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { childScratchPrograms } from '../../../agent/adapters/scratch-programs/child-scratch-programs.ts';
import { DEFAULT_SNAPSHOTS, type SnapshotSettings } from '../../../agent/settings/snapshot-settings.ts';
import { seeWork } from '../../../agent/snapshots/work/live-work.ts';
import { keepOutcome, readOutcomes, type SnapshotOutcome } from '../../../agent/snapshots/work/outcomes.ts';
import { runSnapshotWork } from '../../../agent/snapshots/work/run-snapshot-work.ts';
import type { WorkHost } from '../../../agent/snapshots/work/work-context.ts';
import { snapshotPlaces } from '../../../agent/snapshots/work/snapshot-places.ts';
import { snapshotState, type SnapshotState } from '../../../agent/snapshots/work/snapshot-state.ts';
import type { SnapshotWork, TakeWork } from '../../../agent/snapshots/work/snapshot-work.ts';
import { formatIdentity, generateIdentity } from '../../../shared/age/age-keys.ts';
import { lockFile } from '../../../shared/files/lock-file.ts';
import { systemRandom } from '../../../shared/ports/system-random.ts';
import { generateCertificateKey } from '../../../shared/trust/create-csr.ts';
import { envelopeFromJson } from '../../../shared/trust/envelope-json.ts';
import { verifySnapshotProof } from '../../../shared/trust/snapshot-proof.ts';
import { exampleOutcome } from '../../support/example-outcome.ts';
import { type KineDatabase, kineServer } from '../../support/kine-server.ts';
import { manualClock, type ManualClock } from '../../support/manual-clock.ts';

const keyPem = generateCertificateKey();
const person = generateIdentity();
const never = new AbortController().signal;
let root: string;
let clock: ManualClock;
let kine: KineDatabase;
let host: WorkHost;
let settings: SnapshotSettings;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'farrier-work-'));
  clock = manualClock();
  const k3s = kineServer(root);
  ({ kine } = k3s);
  settings = { ...DEFAULT_SNAPSHOTS, recipients: [person.recipient.text], folder: join(root, 'snapshots'), scratchFolder: join(root, 'scratch'), keep: { newest: 2, withinMs: 0, hourly: 0, daily: 0, weekly: 0 } };
  const none = (): never => { throw new Error('no etcd is asked here'); };
  host = {
    settings, orders: null, node: 'edge-1', fleet: 'demo', keyPem, liveFolder: join(root, 'run'), clock, random: systemRandom, programs: childScratchPrograms, memberAt: none, memberOf: none,
    findDatastore: async () => ({ ok: true, datastore: { kind: 'sqlite', server: k3s.server, version: 'v1.34.2+k3s1' } }),
    mayProve: async () => ({ may: false, reason: 'this host is one of a control plane' }),
  };
});
afterEach(() => {
  kine.database.close();
  rmSync(root, { recursive: true });
});

let asked = 0;
const id = (): string => `work-${(asked += 1)}`;
const run = async (work: SnapshotWork, change: Partial<WorkHost> = {}): Promise<SnapshotOutcome> => {
  const outcome = await runSnapshotWork(work, { ...host, ...change }, never);
  if ('ok' in outcome) throw new Error(outcome.message);
  return outcome;
};
const take = async (change: Partial<TakeWork> = {}, hostChange: Partial<WorkHost> = {}): Promise<SnapshotOutcome> => {
  clock.advance(60_000);
  return await run({ kind: 'take', id: id(), by: 'person', prove: false, recipients: [], cluster: null, ...change }, hostChange);
};
const state = async (): Promise<SnapshotState> => await snapshotState(settings, 'edge-1', host.liveFolder, clock.wallUnixMs());
const pathOf = (snapshot: string | null): string => join(snapshotPlaces(settings.folder).taken, `${snapshot}.snapshot`);

describe('taking', () => {
  test('with a proof: the catalogue has it, the envelope is this host\'s, and how it ended is kept', async () => {
    const outcome = await take({ prove: true });
    expect(outcome).toMatchObject({ code: 'ok', kind: 'take', by: 'person', message: expect.stringMatching(/^snapshot \S+ of 1 MB, sealed in 1 MB, proved$/) });
    const { records, lastTaking } = await state();
    expect(records).toMatchObject([{ id: outcome.snapshot, cluster: 'edge-1', proof: { provedBy: 'edge-1', compared: ['digest', 'structure', 'revision', 'live-keys', 'token'] } }]);
    expect(lastTaking).toEqual(outcome);
    expect(seeWork(host.liveFolder)?.outcome).toEqual(outcome);
    const envelope = envelopeFromJson(outcome.proof);
    if (envelope === null) throw new Error('no envelope');
    expect(verifySnapshotProof(envelope, { fleet: 'demo', name: 'edge-1', publicKey: createPublicKey(keyPem) })).toMatchObject({ ok: true, proof: { snapshot: { id: outcome.snapshot } } });
  });

  test('for one reader more, under the name that is asked for', async () => {
    const prover = generateIdentity();
    const outcome = await take({ by: 'command', recipients: [prover.recipient.text], cluster: 'prod' });
    expect((await state()).records).toMatchObject([{ id: outcome.snapshot, cluster: 'prod', sealed: { recipients: [person.recipient.fingerprint, prover.recipient.fingerprint] } }]);
    expect(await take({ recipients: ['age1nobody'] })).toMatchObject({ code: 'bad-recipient', snapshot: null });
  });

  test('the same again under one id is one, and says how that ended', async () => {
    const first = await take({ id: 'command-7' });
    expect(await take({ id: 'command-7' })).toEqual(first);
    expect((await state()).records).toHaveLength(1);
  });

  test('what went down in the middle is begun again', async () => {
    await take({ id: 'other' });
    await keepOutcome(snapshotPlaces(settings.folder).outcomes, exampleOutcome({ work: 'command-8', endedUnixMs: null, code: 'running', snapshot: null }));
    expect(await take({ id: 'command-8' })).toMatchObject({ work: 'command-8', code: 'ok' });
    expect((await readOutcomes(snapshotPlaces(settings.folder).outcomes)).map(({ work }) => work)).toEqual(['command-8', 'other']);
  });

  test('two at once are one, and the other says so', async () => {
    await take();
    const lock = lockFile(snapshotPlaces(settings.folder).lock, 0);
    const refused = await runSnapshotWork({ kind: 'prune', id: id(), by: 'person' }, host, never);
    expect(refused).toMatchObject({ ok: false, code: 'snapshot-running' });
    lock?.release();
    expect(await take()).toMatchObject({ code: 'ok' });
  });

  test('that fails is kept too, and leaves what lies there', async () => {
    const good = await take();
    const failed = await take({}, { findDatastore: async () => ({ ok: true, datastore: { kind: 'sqlite', server: join(root, 'nowhere'), version: 'v1' } }) });
    expect(failed).toMatchObject({ code: 'no-database', snapshot: null, message: expect.stringContaining('there is no database') });
    expect(await state()).toMatchObject({ lastTaking: failed, records: [{ id: good.snapshot }], problems: [] });
  });

  test('with a proof, for the schedule, only where the settings allow it on such a host', async () => {
    expect(await take({ by: 'schedule', prove: true })).toMatchObject({ code: 'may-not-prove', snapshot: null });
    expect(await take({ by: 'schedule', prove: true }, { mayProve: async () => ({ may: true, reason: '' }) })).toMatchObject({ code: 'ok' });
  });

  test('that is stopped says so, and leaves nothing', async () => {
    const stop = new AbortController();
    const outcome = await runSnapshotWork({ kind: 'take', id: id(), by: 'person', prove: false, recipients: [], cluster: null }, { ...host, findDatastore: async () => { stop.abort(); return await host.findDatastore(never); } }, stop.signal);
    expect(outcome).toMatchObject({ code: 'stopped' });
    expect(await state()).toMatchObject({ records: [], problems: [] });
  });

  test('a bug is kept as one, and thrown', async () => {
    const broken = async (): Promise<never> => await Promise.reject(new TypeError('x is not a function'));
    await expect(take({}, { findDatastore: broken })).rejects.toThrow('x is not a function');
    expect((await state()).lastTaking).toMatchObject({ code: 'internal-error', message: expect.stringContaining('x is not a function') });
  });
});

describe('deleting', () => {
  test('what the settings do not keep goes with each taking; the newest proved one stays, however old', async () => {
    const proved = await take({ prove: true });
    const second = await take();
    const third = await take();
    const fourth = await take();
    expect(third.each).toEqual([]);
    expect(fourth.each).toMatchObject([{ id: second.snapshot, code: 'deleted' }]);
    expect((await state()).records.map((record) => record.id)).toEqual([fourth.snapshot, third.snapshot, proved.snapshot]);
    expect(await run({ kind: 'prune', id: id(), by: 'person' })).toMatchObject({ code: 'ok', message: 'nothing to delete' });
  });

  test('nothing goes after a taking whose proof failed', async () => {
    await take();
    await take();
    // Asked before and after the taking, and then by the proof.
    let calls = 0;
    const failed = await take({ prove: true }, { programs: { ...childScratchPrograms, endAll: async () => ((calls += 1) > 2 ? 'somebody does not end' : '') } });
    expect(failed).toMatchObject({ code: 'scratch-failed', snapshot: expect.stringMatching(/^2026/), message: expect.stringMatching(/^snapshot \S+ was taken, and its proof failed in phase prepare: somebody does not end/) });
    expect((await state()).records).toHaveLength(3);
  });

  test('nothing goes under a clock that went back', async () => {
    for (let count = 0; count < 2; count += 1) await take();
    const wallUnixMs = (): number => clock.wallUnixMs() - 3_600_000;
    expect(await run({ kind: 'prune', id: id(), by: 'person' }, { clock: { ...clock, wallUnixMs }, settings: { ...settings, keep: { ...settings.keep, newest: 1 } } })).toMatchObject({ code: 'clock-went-back' });
    expect((await state()).records).toHaveLength(2);
  });

  test('what a crash left half deleted goes', async () => {
    const { snapshot } = await take();
    writeFileSync(join(snapshotPlaces(settings.folder).taken, 'old.deleting'), '');
    writeFileSync(pathOf('old'), 'bytes');
    expect((await run({ kind: 'prune', id: id(), by: 'person' })).each).toMatchObject([{ id: 'old', code: 'deleted' }]);
    expect(await state()).toMatchObject({ records: [{ id: snapshot }], problems: [] });
  });
});

describe('checking', () => {
  const check = async (snapshot: string | null = null): Promise<SnapshotOutcome> => await run({ kind: 'check', id: id(), by: 'person', snapshot });

  test('reads every byte: one that flips is found, and that one counts as proved no longer', async () => {
    const [first, second] = [await take({ prove: true }), await take({ prove: true })];
    expect(await check()).toMatchObject({ code: 'ok', message: '2 of 2 are as they were written', each: [{ id: second.snapshot, code: 'ok' }, { id: first.snapshot, code: 'ok' }] });
    const bytes = readFileSync(pathOf(second.snapshot));
    bytes[bytes.length - 100] = (bytes[bytes.length - 100] ?? 0) ^ 1;
    writeFileSync(pathOf(second.snapshot), bytes);
    expect(await check()).toMatchObject({ code: 'damaged', message: expect.stringMatching(/^1 of 2 cannot be relied on: .*its bytes are not those that were written; take another snapshot$/) });
    expect(await check(first.snapshot)).toMatchObject({ code: 'ok' });
    // So the one before it is the newest proved one, and stays.
    await take();
    await take();
    await take();
    expect((await state()).records.map((record) => record.id)).toContain(first.snapshot);
  });

  test('of one that is not there says so', async () => {
    expect(await check('nowhere')).toMatchObject({ code: 'not-found' });
    expect(await check()).toMatchObject({ code: 'not-found' });
  });
});

describe('proving later', () => {
  const prove = async (identityFile: string | null): Promise<SnapshotOutcome> => await run({ kind: 'prove', id: id(), by: 'person', snapshot: null, identityFile });

  test('takes a key of a person, and keeps nothing of it', async () => {
    const { snapshot } = await take();
    expect(await prove(null)).toMatchObject({ code: 'not-opened', message: expect.stringContaining('--identity FILE') });
    const file = join(root, 'key.txt');
    writeFileSync(file, `# mine\n${formatIdentity(person)}\n`);
    expect(await prove(file)).toMatchObject({ code: 'ok', snapshot, message: expect.stringMatching(/^snapshot \S+ was restored by SQLite .*; 5 of 5 comparisons could be made, and all of them hold$/) });
    expect((await state()).records).toMatchObject([{ proof: { provedBy: 'edge-1' } }]);
    expect(readFileSync(snapshotPlaces(settings.folder).outcomes, 'utf8')).not.toContain('AGE-SECRET');
  });

  test('says what is wrong with a key file, and repeats nothing of it', async () => {
    await take();
    writeFileSync(join(root, 'key.txt'), 'AGE-SECRET-KEY-1NONSENSE\n');
    const outcome = await prove(join(root, 'key.txt'));
    expect(outcome).toMatchObject({ code: 'bad-identity' });
    expect(JSON.stringify(outcome)).not.toContain('NONSENSE');
    expect(await prove(join(root, 'none.txt'))).toMatchObject({ code: 'bad-identity', message: expect.stringContaining('ENOENT') });
  });
});
