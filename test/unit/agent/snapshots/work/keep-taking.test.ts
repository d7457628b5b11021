import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { DEFAULT_SNAPSHOTS } from '../../../../../agent/settings/snapshot-settings.ts';
import { keepTaking, takeIfDue, type Taker } from '../../../../../agent/snapshots/work/keep-taking.ts';
import { showWork } from '../../../../../agent/snapshots/work/live-work.ts';
import { keepOutcome } from '../../../../../agent/snapshots/work/outcomes.ts';
import { snapshotPlaces } from '../../../../../agent/snapshots/work/snapshot-places.ts';
import type { SnapshotWork } from '../../../../../agent/snapshots/work/snapshot-work.ts';
import { exampleOutcome } from '../../../../support/example-outcome.ts';
import { lineLogger } from '../../../../support/line-logger.ts';
import { manualClock, type ManualClock } from '../../../../support/manual-clock.ts';

let root: string;
let clock: ManualClock;
let started: SnapshotWork[];
let taker: Taker;
const log = lineLogger();
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'farrier-due-'));
  clock = manualClock();
  started = [];
  taker = {
    settings: { ...DEFAULT_SNAPSHOTS, folder: root, schedule: { cron: '0 * * * *', timeZone: 'UTC', jitterMs: 0 } }, node: 'cp-1', liveFolder: join(root, 'run'), hasDatastore: async () => true, clock, logger: log.logger,
    units: { start: async (work) => { started.push(work); return ''; }, isRunning: async () => false },
  };
});
afterEach(() => rmSync(root, { recursive: true }));

test('what is due is begun, once: how it ended says when the next is', async () => {
  await takeIfDue(taker);
  expect(started).toMatchObject([{ kind: 'take', by: 'schedule', prove: false }]);
  await keepOutcome(snapshotPlaces(root).outcomes, exampleOutcome({ startedUnixMs: clock.wallUnixMs() }));
  await takeIfDue(taker);
  expect(started).toHaveLength(1);
  clock.advance(3_600_000);
  await takeIfDue(taker);
  expect(started).toHaveLength(2);
});

test('how one ended is known though the disk took no word of it', async () => {
  showWork(join(root, 'run'), { work: 'w', doing: '', outcome: exampleOutcome({ startedUnixMs: clock.wallUnixMs(), code: 'disk-full', snapshot: null }) });
  await takeIfDue(taker);
  expect(started).toEqual([]);
  clock.advance(60_000);
  await takeIfDue(taker);
  expect(started).toHaveLength(1);
});

test.each<[string, (taker: Taker) => Taker]>([
  ['a host without a datastore', (each) => ({ ...each, hasDatastore: async () => false })],
  ['settings without a schedule', (each) => ({ ...each, settings: { ...each.settings, schedule: null } })],
])('%s begins none', async (_what, change) => {
  await takeIfDue(change(taker));
  expect(started).toEqual([]);
});

test('it is proved at once where the settings say so', async () => {
  await takeIfDue({ ...taker, settings: { ...taker.settings, proveOnControlPlane: true } });
  expect(started).toMatchObject([{ prove: true }]);
});

test('whatever goes wrong is logged, and looked at again', async () => {
  const stop = new AbortController();
  let looks = 0;
  const looking = keepTaking({
    ...taker,
    hasDatastore: async () => {
      looks += 1;
      if (looks === 1) throw new Error('the facts cannot be read');
      stop.abort();
      return true;
    },
    clock: { ...clock, sleep: async () => undefined },
    units: { start: async () => 'Failed to connect to bus', isRunning: async () => false },
  }, stop.signal);
  await looking;
  expect(looks).toBe(2);
  expect(log.lines.join('\n')).toMatch(/the facts cannot be read[\s\S]*Failed to connect to bus/);
});
