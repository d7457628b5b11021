import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { EtcdSetup } from '../../../../agent/facts/etcd-setup.ts';
import type { EtcdMember } from '../../../../agent/ports/etcd.ts';
import { holdDatastore, releaseDatastore } from '../../../../agent/steps/restore/hold-datastore.ts';
import type { RestoreParts } from '../../../../agent/steps/restore/restore-parts.ts';
import { startDatastoreStep } from '../../../../agent/steps/restore/start-datastore.ts';
import type { StartDatastoreSpec } from '../../../../shared/domain/steps/restore-specs.ts';
import { systemClock } from '../../../../shared/ports/system-clock.ts';
import { MemoryUnits } from '../../../support/memory-units.ts';
import { stepContext } from '../../../support/step-context.ts';
import { codeOf } from '../../../support/step-run.ts';

const member = { name: 'm0', peerUrls: ['https://h0:2380'], clientUrl: 'https://h0:2379' };
const spec: StartDatastoreSpec = { kind: 'start_datastore', name: 'start', timeoutMs: 6_000, members: [member], member: 'm0', apiServers: ['https://h0:6443', 'https://h1:6443'] };
let folder: string;
let setup: EtcdSetup;
let units: MemoryUnits;
let parts: RestoreParts;
const world = { hasQuorum: true, ready: [] as string[], listens: false };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'farrier-start-'));
  Object.assign(world, { hasQuorum: true, ready: [], listens: false });
  setup = { runBy: { kind: 'unit', unit: 'etcd.service' }, ...member, dataDir: folder, walDir: '', place: { endpoint: member.clientUrl, caFile: '', certificateFile: '', keyFile: '' } };
  units = new MemoryUnits({ 'etcd.service': { enabled: true, active: true } });
  const none = (): never => { throw new Error('not asked of a datastore'); };
  const etcd = { keys: async () => (world.hasQuorum ? { ok: true, value: { count: 1, revision: 1, keys: [] } } : { ok: false, code: 'no-leader', message: '' }) } as unknown as EtcdMember;
  parts = {
    units, unitsDir: join(folder, 'units'), setup: async () => setup, memberAt: () => etcd, endpoints: { accepts: async () => world.listens, isReady: async (url) => world.ready.includes(url) },
    clock: systemClock, places: { kubernetes: folder, kubelet: folder }, processes: { named: none }, truth: { kubelet: none, node: none, apiServer: none }, run: none, artifacts: { fetch: none }, identity: none, toolFolders: [],
  };
});
afterEach(() => rmSync(folder, { recursive: true }));

test.each<[string, boolean, string[], boolean]>([
  ['nobody serves it', true, [], false],
  ['another host serves it', true, ['https://h1:6443'], true],
  ['an API server is ready, and the restored cluster has no quorum: it serves the old one', false, ['https://h1:6443'], false],
])('may it go back? %s', async (_what, hasQuorum, ready, crossed) => {
  Object.assign(world, { hasQuorum, ready });
  expect(await startDatastoreStep(parts).crossed?.(spec, null, stepContext())).toBe(crossed);
});

test('held, no boot starts it; released, it is asked for and not waited for', async () => {
  const dropIn = join(folder, 'units/etcd.service.d/zz-farrier-restore.conf');
  expect(codeOf(await holdDatastore(parts, setup, 60_000, stepContext()))).toBe('ok');
  expect(readFileSync(dropIn, 'utf8')).toMatch(/^\[Unit\]\nConditionPathExists=!\/$/m);
  expect(units.states).toEqual({ 'etcd.service': 'enabled inactive' });
  expect(codeOf(await releaseDatastore(parts, setup, stepContext()))).toBe('ok');
  expect(existsSync(dropIn)).toBe(false);
  expect(units.asked).toEqual(['stop etcd.service', 'begin etcd.service']);
});

test('nothing is touched while something still answers for it', async () => {
  world.listens = true;
  expect(codeOf(await holdDatastore(parts, setup, 6_000, stepContext()))).toBe(`datastore-running ${folder}`);
});
