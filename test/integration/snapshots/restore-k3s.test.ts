import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { openPlainFileSink } from '../../../agent/snapshots/plain-file-sink.ts';
import { checkKine } from '../../../agent/snapshots/sqlite/kine-database.ts';
import { takeSqliteSnapshot } from '../../../agent/snapshots/sqlite/take-sqlite-snapshot.ts';
import { restoreK3sStep, type RestoreK3sParts } from '../../../agent/steps/restore-k3s/restore-k3s.ts';
import { serverPlaces, switchServer, switchServerBack } from '../../../agent/steps/restore-k3s/switch-server.ts';
import { generateIdentity } from '../../../shared/age/age-keys.ts';
import type { RestoreK3sSpec } from '../../../shared/domain/steps/restore-specs.ts';
import { systemClock } from '../../../shared/ports/system-clock.ts';
import { K3sLab } from '../../support/k3s-lab.ts';
import { kineServer, type KineDatabase } from '../../support/kine-server.ts';
import { codeOf, runWhole } from '../../support/step-run.ts';

const VERSION = 'v1.33.5+k3s1';
const never = new AbortController().signal;
let lab: K3sLab;
let server: string;
let kine: KineDatabase;
let spec: RestoreK3sSpec;
let copy: string;
let parts: RestoreK3sParts;

beforeEach(async () => {
  lab = new K3sLab();
  mkdirSync(join(lab.folder, 'bin'), { recursive: true });
  writeFileSync(lab.binary, `k3s version ${VERSION}\n`);
  mkdirSync(lab.dataDir, { recursive: true });
  ({ server, kine } = kineServer(lab.dataDir));
  // As a snapshot puts it back; the folder is for root alone in any case.
  chmodSync(join(server, 'db/state.db'), 0o600);
  mkdirSync(join(server, 'manifests'));
  writeFileSync(join(server, 'manifests/own.yaml'), 'a person’s');
  const scratchFolder = mkdtempSync(join(lab.folder, 'scratch-'));
  copy = join(scratchFolder, 'copy');
  const taken = await takeSqliteSnapshot({ folder: server, version: VERSION, scratchFolder }, await openPlainFileSink(copy, never), systemClock, never);
  if (!taken.ok) throw new Error(taken.message);
  const ref = { sha256: taken.written.plain.digest, size: taken.written.plain.sizeBytes };
  spec = { kind: 'restore_k3s', name: 'restore', timeoutMs: 600_000, snapshot: ref, plain: ref, keys: [], version: VERSION, token: 'r1' };
  const artifacts: RestoreK3sParts['artifacts'] = {
    fetch: async ({ sha256 }, folder) => {
      mkdirSync(folder, { recursive: true });
      copyFileSync(copy, join(folder, sha256));
      return { ok: true, path: join(folder, sha256) };
    },
  };
  const identity = generateIdentity();
  parts = { units: lab.units, clock: lab.clock, k3s: lab.k3s, truthOf: lab.truthOf, artifacts, identity: async () => identity, unitsDir: join(lab.folder, 'units') };
  lab.start();
});
afterEach(() => rmSync(lab.folder, { recursive: true }));

/** All of the server's folder: names, modes, owners and what is in them; the database by what it holds. */
function lies(folder = server, below = ''): readonly string[] {
  return readdirSync(join(folder, below), { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1)).flatMap((entry): readonly string[] => {
    const name = join(below, entry.name);
    if (entry.name.startsWith('farrier-') || /state\.db-(wal|shm)$/.test(name)) return [];
    if (entry.isSymbolicLink()) return [`${name} -> ${readlinkSync(join(folder, name))}`];
    const { mode, uid, gid } = statSync(join(folder, name));
    const meta = `${name} ${(mode & 0o7777).toString(8)} ${uid}:${gid}`;
    if (entry.isDirectory()) return [meta, ...lies(folder, name)];
    const checked = name === 'db/state.db' ? checkKine(join(folder, name)) : null;
    return [`${meta} ${checked === null ? createHash('sha256').update(readFileSync(join(folder, name))).digest('hex') : JSON.stringify(checked)}`];
  });
}

/** What happened since the snapshot. */
function goOn(): void {
  for (let at = 0; at < 5; at += 1) kine.write(`/registry/later/${at}`, Buffer.alloc(10));
  kine.database.close();
  writeFileSync(join(server, 'token'), 'another token\n');
  writeFileSync(join(server, 'tls/made-later.crt'), 'later');
}

test('database, token, certificates and credentials are back as they were, and what came later is kept aside', async () => {
  const before = lies();
  goOn();
  expect(lies()).not.toEqual(before);
  const { code } = await runWhole(restoreK3sStep(parts), spec, lab.context());
  expect(code).toBe('ok');
  expect(lies()).toEqual(before);
  expect(readFileSync(join(server, 'farrier-before-r1/token'), 'utf8')).toBe('another token\n');
  expect(existsSync(join(server, 'farrier-before-r1/tls/made-later.crt'))).toBe(true);
  expect(readdirSync(server).filter((name) => name.startsWith('farrier-'))).toEqual(['farrier-before-r1']);
  expect(lab.asked).toEqual(['stop', 'restart']);
});

test('where K3s does not stay up on it, all is as it was right before', async () => {
  goOn();
  const before = lies();
  const step = restoreK3sStep(parts);
  lab.apiReachable = false;
  const { prior, code } = await runWhole(step, spec, lab.context());
  expect(code).toBe('api-unreachable k3s.service');
  lab.apiReachable = true;
  expect(codeOf(await step.revert(spec, prior, lab.context()))).toBe('ok');
  expect(lies()).toEqual(before);
  expect(readdirSync(server).filter((name) => name.startsWith('farrier-'))).toEqual([]);
});

test('what lay there before was taken away: nothing is called reverted, and nothing is removed', async () => {
  goOn();
  const step = restoreK3sStep(parts);
  const { prior } = await runWhole(step, spec, lab.context());
  expect(codeOf(await step.canRevert(spec, prior, lab.context()))).toBe('ok');
  rmSync(join(server, 'farrier-before-r1'), { recursive: true });
  const restored = lies();
  expect(codeOf(await step.canRevert(spec, prior, lab.context()))).toMatch(/^prior-unavailable/);
  expect(codeOf(await step.revert(spec, prior, lab.context()))).toMatch(/^prior-unavailable/);
  expect(lies()).toEqual(restored);
});

test('a snapshot of a later minor, or a damaged one, is refused while K3s still runs', async () => {
  const step = restoreK3sStep(parts);
  expect(codeOf(await step.stage({ ...spec, version: 'v1.34.1+k3s1' }, lab.context()))).toBe('version-skew k3s.service');
  writeFileSync(copy, 'no archive at all');
  expect(codeOf(await step.stage(spec, lab.context()))).toMatch(/^snapshot-unusable/);
  expect(lab.asked).toEqual([]);
});

test('cut off after any rename, it goes on to the new data or back to the old', async () => {
  goOn();
  const before = lies();
  const places = serverPlaces(lab.dataDir, 'r1');
  // Ten renames and the mark between them: each state that a power cut can leave is one of these.
  for (let cut = 0; cut <= 12; cut += 1) {
    mkdirSync(join(places.fresh, 'server/db'), { recursive: true });
    for (const part of ['db/state.db', 'token']) writeFileSync(join(places.fresh, 'server', part), 'new');
    await switchServer(places, () => cutAfter(cut)).catch((error: unknown) => expect(String(error)).toContain('power cut'));
    cuts = 0;
    if (cut % 2 === 0) {
      await switchServer(places);
      expect(readFileSync(join(server, 'token'), 'utf8'), `cut ${cut}`).toBe('new');
      expect(existsSync(join(server, 'tls')), `cut ${cut}`).toBe(false);
    }
    for (let time = 0; time < 2; time += 1) await switchServerBack(places);
    expect(lies(), `cut ${cut}`).toEqual(before);
  }
});

let cuts = 0;
function cutAfter(at: number): void {
  cuts += 1;
  if (cuts > at) throw new Error('power cut');
}
