import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, symlinkSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, test } from 'vitest';

import { COORDINATOR_CODES } from '../../../agent/snapshots/prove/proof-failure.ts';
import { type Proof, proveSnapshot } from '../../../agent/snapshots/prove/prove-snapshot.ts';
import type { ProofOrder } from '../../../agent/snapshots/prove/proof-order.ts';
import { PROOF_PHASES, type ProofPhase } from '../../../shared/domain/proof-record.ts';
import type { SnapshotRecord } from '../../../shared/domain/snapshot.ts';
import { etcdProgramsOrSayWhy } from '../../support/etcd-programs.ts';
import { etcdToolsFolder } from '../../support/etcd-tools.ts';
import { fillDisk } from '../../support/fill-disk.ts';
import { processesIn, proofLab } from '../../support/proof-lab.ts';
import { smallDiskOrSayWhy } from '../../support/small-disk.ts';

const TEST_MAX_MS = 60_000;
const RESERVE_BYTES = 64 * 1024 * 1024;
const TRAILER_BYTES = 32;
const never = new AbortController().signal;
const PROVE_ALONE = fileURLToPath(new URL('../../bench/prove-snapshot.ts', import.meta.url));
const [programs, older] = await Promise.all((['trixie', 'bookworm'] as const).map(async (suite) => await etcdProgramsOrSayWhy(suite, 'what becomes of a proof when something fails')));

if (programs === null || programs === undefined || older === null || older === undefined) test('a proof that fails: NOT CHECKED, no etcd', ({ skip }) => skip());
else {
  const lab = await proofLab(programs);
  afterAll(() => lab.dispose());
  afterEach(() => lab.expectNothingLeft());
  await lab.etcd.ctl('put', '/registry/configmaps/default/marked', 'MARKED');
  const look = await lab.look();
  const good = await lab.take('good.db');
  const order = lab.order(good, look);
  const bytes = readFileSync(good.path);

  const prove = async (change: Partial<ProofOrder> = {}, signal = never): Promise<Proof> => await proveSnapshot({ ...order, ...change }, signal);
  /** Fails with that code, in that phase, in words that say what to do; as the coordinator's code. */
  const expectFailure = (proof: Proof, code: keyof typeof COORDINATOR_CODES, phase: ProofPhase, coordinators: string): string => {
    expect(proof).toMatchObject({ ok: false, code, phase });
    expect(COORDINATOR_CODES[code]).toBe(coordinators);
    const message = proof.ok ? '' : proof.message;
    expect(message).toMatch(/^[^\n]{30,700}$/);
    return message;
  };
  /** The same record, of other bytes. */
  const written = (name: string, content: Buffer): Pick<ProofOrder, 'path' | 'record'> => {
    const path = join(lab.folder, name);
    writeFileSync(path, content);
    return { path, record: { ...order.record, plain: { digest: sha256(content), sizeBytes: content.length } } };
  };

  /** Does something when it comes to that phase. */
  const at = (wanted: ProofPhase, act: () => void): Pick<ProofOrder, 'onPhase'> => ({ onPhase: (phase) => phase === wanted && act() });

  describe('a snapshot that is not what was taken', () => {
    test.each<[string, () => Partial<ProofOrder>]>([
      ['a byte differs', () => ({ path: written('flipped.db', flipped(bytes, bytes.length / 2)).path })],
      ['a byte of its sha256 differs', () => ({ path: written('trailer.db', flipped(bytes, bytes.length - 1)).path })],
      ['its end is missing', () => written('cut.db', bytes.subarray(0, bytes.length - 4096))],
      ['its sha256 is missing', () => written('bare.db', bytes.subarray(0, bytes.length - TRAILER_BYTES))],
      ['a page is overwritten, and the sha256 made anew', () => written('page.db', sealedAnew(Buffer.from(bytes.subarray(0, -TRAILER_BYTES)).fill(7, 0, 8192)))],
      ['it is another one', () => ({ record: { ...order.record, plain: { ...good.record.plain, digest: 'f'.repeat(64) } } })],
      ['it is not there', () => ({ path: join(lab.folder, 'gone.db') })],
    ])('%s: damaged', async (_what, change) => {
      expectFailure(await prove(change()), 'damaged', 'check', 'snapshot-failed');
    });

    test('a value was changed with all that vouches for it in the file: the member\'s own hash tells', async () => {
      const at = bytes.indexOf('MARKED');
      expect(at).toBeGreaterThan(0);
      const changed = Buffer.from(bytes.subarray(0, -TRAILER_BYTES));
      for (let each = at; each !== -1; each = changed.indexOf('MARKED', each)) changed.write('MASKED', each);
      const message = expectFailure(await prove(written('changed.db', sealedAnew(changed))), 'mismatch', 'compare', 'mismatch');
      expect(message).toMatch(/^what was restored is not what was taken: key-value-hash is \d+ and not \d+ \(as the member says\)\. /);
    });
  });

  describe('a record that is not of this snapshot: mismatch', () => {
    test.each<[string, Partial<SnapshotRecord>]>([
      ['revision', { revision: good.record.revision + 1 }],
      ['live-keys', { liveKeys: 1 }],
      ['member', { member: { id: '7', name: 'm0' } }],
      ['revision', { look: { ...look, revision: look.revision + 1 } }],
      ['live-keys', { look: { ...look, keys: look.keys + 1 } }],
      ['registry-keys', { look: { ...look, registryKeys: look.registryKeys - 1 } }],
      ['kube-system', { look: { ...look, kubeSystem: sha256('the one of another cluster') } }],
      ['key-value-hash', { look: { ...look, hash: { compactRevision: -1, hash: 1 } } }],
    ])('%s', { timeout: TEST_MAX_MS }, async (fact, change) => {
      const message = expectFailure(await prove({ record: { ...order.record, ...change } }), 'mismatch', 'compare', 'mismatch');
      expect(message.match(/[a-z-]+(?= is [^ ]+ and not )/g)).toEqual([fact]);
    });
  });

  describe('tools', () => {
    const folder = (name: string, links: Readonly<Record<string, string>>): string => {
      const path = join(lab.folder, name);
      mkdirSync(path);
      for (const [program, target] of Object.entries(links)) symlinkSync(target, join(path, program));
      return path;
    };
    test.each<[string, () => Partial<ProofOrder>, RegExp]>([
      ['of another minor', () => ({ toolsFolder: etcdToolsFolder(join(lab.folder, 'older'), older) }), /is of 3\.4, and the snapshot of 3\.5/],
      ['of which one is of another minor', () => ({ toolsFolder: folder('mixed', { etcd: programs.etcd, etcdutl: older.etcdctl }) }), /etcdutl is of 3\.4/],
      ['without etcdutl', () => ({ toolsFolder: folder('half', { etcd: programs.etcd }) }), /etcdutl is not there/],
      ['that are not there', () => ({ toolsFolder: join(lab.folder, 'nowhere') }), /etcd is not there/],
      ['that are something else', () => ({ toolsFolder: folder('else', { etcd: '/bin/true' }) }), /does not tell its version/],
      ['for a version that is none', () => ({ record: { ...good.record, version: 'new' } }), /is no version/],
    ])('%s: wrong-tool', async (_what, change, says) => {
      expect(expectFailure(await prove(change()), 'wrong-tool', 'prepare', 'no-prover')).toMatch(says);
    });
  });

  describe('the scratch folder', () => {
    test('on a disk that is too small: no-room, before anything is written', async ({ skip }) => {
      const disk = await smallDiskOrSayWhy(RESERVE_BYTES + 2 * bytes.length, 'a proof on a disk that is too small');
      if (disk === null) return skip();
      expect(expectFailure(await prove({ scratchFolder: join(disk, 's') }), 'no-room', 'prepare', 'no-prover')).toMatch(/needs 3 times the \d+ MB .* lacks \d+ MB/);
    });

    test('on a disk that becomes full: no-room', { timeout: TEST_MAX_MS }, async ({ skip }) => {
      const disk = await smallDiskOrSayWhy(RESERVE_BYTES + 10 * bytes.length, 'a proof on a disk that becomes full');
      if (disk === null) return skip();
      const filled = at('restore', () => fillDisk(join(disk, 'ballast')));
      expectFailure(await prove({ scratchFolder: join(disk, 's'), ...filled }), 'no-room', 'restore', 'no-prover');
      expect(processesIn(disk)).toEqual([]);
    });

    test('whose path is too long for a socket: scratch-failed', async () => {
      expectFailure(await prove({ scratchFolder: join(lab.folder, 'x'.repeat(90)) }), 'scratch-failed', 'prepare', 'no-prover');
    });

    test('that cannot be made: scratch-failed', async () => {
      expectFailure(await prove({ scratchFolder: join(lab.folder, 'good.db', 'scratch') }), 'scratch-failed', 'prepare', 'no-prover');
    });

    test('that another proof uses: proof-running, and that one goes on', { timeout: TEST_MAX_MS }, async () => {
      const others: Promise<Proof>[] = [];
      const first = await prove(at('start', () => void others.push(prove())));
      expect(first).toMatchObject({ ok: true });
      const [second = first] = await Promise.all(others);
      expectFailure(second, 'proof-running', 'prepare', 'no-prover');
    });
  });

  describe('etcd itself', () => {
    const data = join(order.scratchFolder, 'data');

    test('does not restore: restore-failed, with its words', async () => {
      const occupied = at('restore', () => mkdirSync(join(data, 'member'), { recursive: true }));
      expect(expectFailure(await prove(occupied), 'restore-failed', 'restore', 'restore-failed')).toMatch(/data-dir .* not empty|exists/);
    });

    test('does not start: start-failed, with its words', { timeout: TEST_MAX_MS }, async () => {
      const broken = at('start', () => truncateSync(join(data, 'member/snap/db'), 100));
      expectFailure(await prove(broken), 'start-failed', 'start', 'restore-failed');
    });

    test('dies when it is asked: not-answered', { timeout: TEST_MAX_MS }, async () => {
      const killed = at('compare', () => {
        for (const pid of processesIn(order.scratchFolder)) process.kill(Number(pid), 'SIGKILL');
      });
      expectFailure(await prove(killed), 'not-answered', 'compare', 'restore-failed');
    });

    test('comes up with other data: mismatch with the snapshot', { timeout: TEST_MAX_MS }, async () => {
      // As a tool with a fault would: it restores another snapshot than the one that was checked.
      const path = join(lab.folder, 'exchanged.db');
      writeFileSync(path, bytes);
      await lab.etcd.ctl('put', '/registry/configmaps/default/later', 'x');
      const later = await lab.take('later.db');
      const exchanged = at('restore', () => { unlinkSync(path); symlinkSync(later.path, path); });
      const message = expectFailure(await prove({ path, ...exchanged }), 'mismatch', 'compare', 'mismatch');
      expect(message).toContain('(as the snapshot says)');
    });

    test('takes longer than it may: time-out', async () => {
      expectFailure(await prove({ maxMs: 1 }), 'time-out', 'prepare', 'restore-failed');
    });
  });

  describe('an abort', () => {
    test.each(PROOF_PHASES)('when it comes to %s is its reason, and nothing stays', { timeout: TEST_MAX_MS }, async (wanted) => {
      const stop = new AbortController();
      await expect(prove(at(wanted, () => stop.abort(new Error('enough'))), stop.signal)).rejects.toThrow('enough');
    });

    test('while etcd starts is its reason too', { timeout: TEST_MAX_MS }, async () => {
      const stop = new AbortController();
      const proving = prove({}, stop.signal);
      const aborting = untilRunning('etcd', order.scratchFolder).then(() => stop.abort(new Error('enough')));
      await expect(proving).rejects.toThrow('enough');
      await aborting;
    });
  });

  test('a proof that is killed leaves its etcd, and the next one ends that and removes what was restored', { timeout: TEST_MAX_MS }, async () => {
    const { record, path, toolsFolder, scratchFolder } = order;
    const child = spawn(process.execPath, [PROVE_ALONE, JSON.stringify({ record, path, toolsFolder, scratchFolder } satisfies { record: SnapshotRecord } & Partial<ProofOrder>)], { stdio: ['ignore', 'pipe', 'inherit'] });
    const gone = once(child, 'exit');
    for await (const line of createInterface({ input: child.stdout })) if (line === 'start') break;
    const left = await untilRunning('etcd', scratchFolder);
    // Else it may end by itself, as soon as nobody reads what it says.
    for (const pid of left) process.kill(Number(pid), 'SIGSTOP');
    child.kill('SIGKILL');
    await gone;
    expect(processesIn(scratchFolder)).toEqual(left);
    writeFileSync(join(scratchFolder, 'more'), 'left');
    expect(await prove()).toMatchObject({ ok: true });
    lab.expectNothingLeft();
  });
}

async function untilRunning(program: string, folder: string): Promise<readonly string[]> {
  for (const until = performance.now() + 20_000; performance.now() < until; await sleep(2)) {
    const running = processesIn(folder).filter((pid) => nameOf(pid) === program);
    if (running.length > 0) return running;
  }
  throw new Error(`no ${program} was started`);
}

function nameOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}

function flipped(content: Buffer, at: number): Buffer {
  const copy = Buffer.from(content);
  copy.writeUInt8(copy.readUInt8(Math.floor(at)) ^ 1, Math.floor(at));
  return copy;
}

function sealedAnew(database: Buffer): Buffer {
  return Buffer.concat([database, createHash('sha256').update(database).digest()]);
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
