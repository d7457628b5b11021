import { type ChildProcess, spawn } from 'node:child_process';
import { createReadStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { openSnapshot } from '../../agent/snapshots/open-snapshot.ts';
import { openPlainFileSink } from '../../agent/snapshots/plain-file-sink.ts';
import { takeSnapshot } from '../../agent/snapshots/take-snapshot.ts';
import { generateIdentity } from '../../shared/age/age-keys.ts';
import type { SnapshotRecord } from '../../shared/domain/snapshot.ts';
import { mustRun } from '../fleet/run-program.ts';
import { kineServer } from '../support/kine-server.ts';
import { snapshotOrder } from '../support/snapshot-order.ts';
import type { EtcdSaw } from './etcd-rows.ts';

const ROUNDS = 8;
const LARGE_KEYS = 20_000;
const LARGE_BYTES = 4_000;
const TEST_MAX_MS = 5 * 60_000;
const never = new AbortController().signal;
const root = mkdtempSync(join(tmpdir(), 'farrier-kine-'));
const { server, kine } = kineServer(root);
const person = generateIdentity();
const revisions: number[] = [];
let writer: ChildProcess;

beforeAll(async () => {
  // So much that the copy takes many steps, with writes in between.
  kine.database.exec('BEGIN');
  for (let at = 0; at < LARGE_KEYS; at += 1) kine.write(`/registry/configmaps/default/large-${at}`, Buffer.alloc(LARGE_BYTES, at));
  kine.database.exec('COMMIT');
  writer = spawn(process.execPath, [fileURLToPath(new URL('../integration/snapshots/kine-writer.ts', import.meta.url)), join(server, 'db/state.db')], { stdio: ['ignore', 'pipe', 'inherit'] });
  createInterface({ input: writer.stdout as NodeJS.ReadableStream }).on('line', (line) => void revisions.push(Number(line)));
  await until(() => revisions.length > 100);
});
afterAll(() => {
  writer.kill('SIGKILL');
  kine.database.close();
  rmSync(root, { recursive: true });
});

test.for(Array.from({ length: ROUNDS }, (_none, round) => round + 1))('a snapshot of K3s\' SQLite under writes is proved, and holds every row up to its revision (%i)', { timeout: TEST_MAX_MS }, async (round, { task }) => {
  const before = revisions.length;
  const newestBefore = revisions.at(-1) ?? 0;
  const order = snapshotOrder({ kind: 'sqlite', server, version: 'v1.34.2+k3s1' }, { folder: join(root, 'snapshots'), recipients: [person.recipient], scratchFolder: join(root, 'scratch'), toolsFolder: root });
  const taken = await takeSnapshot(order, never);
  if (!taken.ok || taken.proof?.ok !== true) throw new Error(JSON.stringify(taken));
  const { record, proof } = taken;
  const meanwhile = revisions.length - before;
  const rows = await rowsOf(record, join(root, `unpacked-${round}`));
  const due = revisions.filter((revision) => revision <= record.revision);
  const missing = due.filter((revision) => !rows.has(revision));
  task.meta.saw = {
    table: 'SQLite of K3s under writes',
    rows: [{ REVISION: record.revision, MB: Math.round(record.plain.sizeBytes / 1e6), 'WRITES MEANWHILE': meanwhile, 'ACKNOWLEDGED BEFORE': due.length, MISSING: missing.length, PROOF: `${proof.record.comparisons.filter(({ outcome }) => outcome === 'same').length} facts the same` }],
  } satisfies EtcdSaw;
  expect(missing).toEqual([]);
  expect(record.revision).toBeGreaterThanOrEqual(newestBefore);
  expect(meanwhile).toBeGreaterThan(0);
  expect(rows.has(record.revision)).toBe(true);
  // One moment: whatever stands in it, all before it does.
  expect(rows.size).toBe(record.revision);
});

/** As a person reads it: opened, unpacked by tar, asked by SQLite. */
async function rowsOf(record: SnapshotRecord, folder: string): Promise<ReadonlySet<number>> {
  mkdirSync(folder);
  const archive = join(folder, 'snapshot.tar');
  const sink = await openPlainFileSink(archive, never);
  expect(await openSnapshot(createReadStream(join(root, 'snapshots', `${record.id}.snapshot`)) as AsyncIterable<Buffer>, record, [person], sink, never)).toEqual({ ok: true });
  await sink.finish();
  await mustRun(['tar', '--extract', '--file', archive, '--directory', folder, 'server/db/state.db']);
  const database = new DatabaseSync(join(folder, 'server/db/state.db'));
  try {
    return new Set(database.prepare('SELECT id FROM kine').all().map(({ id }) => Number(id)));
  } finally {
    database.close();
    rmSync(folder, { recursive: true });
  }
}

async function until(holds: () => boolean): Promise<void> {
  for (const untilMs = performance.now() + 30_000; !holds(); await sleep(10)) if (performance.now() > untilMs) throw new Error('nothing was written for 30 s');
}
