import fc from 'fast-check';
import { expect, test } from 'vitest';

import { type Retention, snapshotsToDelete } from '../../../shared/domain/keep-snapshots.ts';
import { CLOCK_BACK_MAX_MS, type SnapshotRecord } from '../../../shared/domain/snapshot.ts';
import { exampleProof, exampleSnapshot } from '../../support/example-snapshot.ts';

const HOUR_MS = 3_600_000;
const nowUnixMs = 1_790_000_000_000;

/** Three months of two clusters; some at the same moment, some a little ahead of the clock. */
const catalogue: fc.Arbitrary<readonly SnapshotRecord[]> = fc
  .uniqueArray(
    fc.record({
      id: fc.integer({ min: 0, max: 999 }).map(String),
      cluster: fc.constantFrom('prod', 'edge'),
      ageMs: fc.oneof(fc.integer({ min: -CLOCK_BACK_MAX_MS / 2, max: 48 * HOUR_MS }), fc.integer({ min: 0, max: 90 * 24 * HOUR_MS }), fc.constantFrom(0, HOUR_MS)),
      proved: fc.boolean(),
      revision: fc.nat({ max: 3 }),
    }),
    { selector: ({ id }) => id, maxLength: 30, size: 'max' },
  )
  .map((drafts) =>
    drafts.map(({ ageMs, proved, ...rest }) => exampleSnapshot({ ...rest, takenUnixMs: nowUnixMs - ageMs, proof: proved ? exampleProof(nowUnixMs - Math.max(0, ageMs - 1_000)) : null })),
  );
const few = fc.nat({ max: 3 });
const retention: fc.Arbitrary<Retention> = fc.record({ newest: few, withinMs: fc.constantFrom(0, HOUR_MS, 48 * HOUR_MS), hourly: few, daily: few, weekly: few });

test('never the newest of a cluster, nor its newest proved one', () => {
  const seen = { deletions: 0, provedIsNotNewest: 0, withoutProof: 0 };
  fc.assert(
    fc.property(catalogue, retention, (records, settings) => {
      const { toDelete } = snapshotsToDelete(records, settings, nowUnixMs);
      if (toDelete.length > 0) seen.deletions += 1;
      for (const cluster of ['prod', 'edge']) {
        const own = records.filter((record) => record.cluster === cluster);
        const left = own.filter((record) => !toDelete.includes(record));
        const newestOf = (some: readonly SnapshotRecord[]): number => Math.max(...some.map(({ takenUnixMs }) => takenUnixMs));
        const proved = (some: readonly SnapshotRecord[]): readonly SnapshotRecord[] => some.filter(({ proof }) => proof !== null);
        expect(newestOf(left)).toBe(newestOf(own));
        expect(newestOf(proved(left))).toBe(newestOf(proved(own)));
        if (left.length === own.length) continue;
        if (proved(own).length === 0) seen.withoutProof += 1;
        else if (newestOf(proved(own)) < newestOf(own)) seen.provedIsNotNewest += 1;
      }
    }),
    { numRuns: 3_000, seed: 1 },
  );
  expect(seen.deletions).toBeGreaterThan(1_000);
  expect(seen.provedIsNotNewest).toBeGreaterThan(500);
  expect(seen.withoutProof).toBeGreaterThan(50);
});

test('never one that is young enough, and never too few', () => {
  let young = 0;
  let counted = 0;
  fc.assert(
    fc.property(catalogue, retention, (records, settings) => {
      const { toDelete } = snapshotsToDelete(records, settings, nowUnixMs);
      if (toDelete.length === 0) return;
      expect(toDelete.filter(({ takenUnixMs }) => settings.withinMs > 0 && nowUnixMs - takenUnixMs <= settings.withinMs)).toEqual([]);
      for (const cluster of ['prod', 'edge']) {
        const own = records.filter((record) => record.cluster === cluster);
        const gone = toDelete.filter((record) => record.cluster === cluster);
        const least = Math.max(settings.newest, Math.min(1, own.length));
        expect(own.length - gone.length).toBeGreaterThanOrEqual(Math.min(least, own.length));
        if (gone.length > 0 && own.length - gone.length === settings.newest) counted += 1;
      }
      if (settings.withinMs > 0 && records.some(({ takenUnixMs }) => nowUnixMs - takenUnixMs <= settings.withinMs)) young += 1;
    }),
    { numRuns: 3_000, seed: 2 },
  );
  expect(young).toBeGreaterThan(500);
  expect(counted).toBeGreaterThan(100);
});

test('never anything under a clock that went back', () => {
  let would = 0;
  fc.assert(
    fc.property(catalogue, retention, fc.integer({ min: 1, max: 400 * 24 * HOUR_MS }), (records, settings, backMs) => {
      if (snapshotsToDelete(records, settings, nowUnixMs).toDelete.length > 0) would += 1;
      const latest = Math.max(...records.map(({ takenUnixMs, proof }) => Math.max(takenUnixMs, proof?.provedUnixMs ?? 0)));
      expect(snapshotsToDelete(records, settings, latest - CLOCK_BACK_MAX_MS - backMs).toDelete).toEqual([]);
    }),
    { numRuns: 2_000, seed: 3 },
  );
  expect(would).toBeGreaterThan(700);
});

test('the order does not matter, and what is left is what is kept', () => {
  let deletions = 0;
  fc.assert(
    fc.property(catalogue, retention, (records, settings) => {
      const { toDelete } = snapshotsToDelete(records, settings, nowUnixMs);
      const left = records.filter((record) => !toDelete.includes(record));
      expect(snapshotsToDelete(left.toReversed(), settings, nowUnixMs).toDelete).toEqual([]);
      expect(new Set(snapshotsToDelete(records.toReversed(), settings, nowUnixMs).toDelete)).toEqual(new Set(toDelete));
      if (toDelete.length > 0) deletions += 1;
    }),
    { numRuns: 2_000, seed: 4 },
  );
  expect(deletions).toBeGreaterThan(700);
});
