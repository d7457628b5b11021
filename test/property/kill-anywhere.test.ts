import fc from 'fast-check';
import { expect, test } from 'vitest';

import { progressOf } from '../../agent/core/progress.ts';
import { BEGIN_ATTEMPTS_MAX } from '../../agent/core/resume.ts';
import { runSequence } from '../../agent/runner/run-sequence.ts';
import type { RunnerParts, Work } from '../../agent/runner/work.ts';
import { entry } from '../support/journal-records.ts';
import { KillableHost, type Temper } from '../support/killable-host.ts';
import { hastyClock, noWatchdog, untilOver } from '../support/runner-fakes.ts';
import { silentLogger } from '../support/silent-logger.ts';

const temper: fc.Arbitrary<Temper> = fc.record({
  apply: fc.oneof({ weight: 8, arbitrary: fc.constant('works' as const) }, { weight: 1, arbitrary: fc.constantFrom('fails' as const, 'does-half-and-fails' as const) }),
  verify: fc.oneof({ weight: 8, arbitrary: fc.constant('works' as const) }, { weight: 1, arbitrary: fc.constant('fails' as const) }),
  revertFailures: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 4 }) }),
  satisfied: fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});
const kill = fc.record({ untilKill: fc.nat(14), tornBytes: fc.oneof(fc.nat(600), fc.constantFrom(0, 10_000)) });
const LIVES_MAX = 40;

async function liveThrough(tempers: readonly Temper[], kills: readonly { readonly untilKill: number; readonly tornBytes: number }[]) {
  const host = new KillableHost(tempers);
  const before = new Map([...host.things].map(([unit, halves]) => [unit, [...halves]]));
  const work: Work = {
    rollout: 'r1', generation: 1, epoch: 1, digest: 'd'.repeat(64), action: 'sequence', steps: host.specs, home: null, onSilence: 'keep', silenceMs: 0,
  };
  let lives = 0;
  for (; lives < LIVES_MAX; lives += 1) {
    const { untilKill, tornBytes } = kills[lives] ?? { untilKill: Number.POSITIVE_INFINITY, tornBytes: 0 };
    const end = await host.live(untilKill, tornBytes, async (journal, files, executors) => {
      // As the agent does, which journals these two before it starts the work unit.
      if (journal.records.length === 0) journal.append([entry('accepted')]);
      const parts: RunnerParts = { journal, files, executors, watchdog: noWatchdog, settle: async () => undefined, clock: hastyClock, logger: silentLogger, bootId: 'boot-1', node: 'n', stop: new AbortController().signal };
      await runSequence(work, parts, untilOver({ until: 'staged' }));
      const progress = progressOf(journal.records, 1);
      if (progress !== null && !progress.begun && progress.permit === null) journal.append([entry('permit')]);
      await runSequence(work, parts, untilOver());
    });
    if (end === 'ended') break;
  }
  return { host, before, lives, end: progressOf(host.records, 1)?.end ?? null };
}

test('a host killed at any instant ends fully new, fully old, or says that it needs a person', async () => {
  const seen = { done: 0, reverted: 0, refused: 0, 'needs-a-person': 0, kills: 0, torn: 0, interruptedTwice: 0, revertedAfterWork: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(temper, { minLength: 1, maxLength: 4 }), fc.array(kill, { maxLength: 12 }), async (tempers, kills) => {
      const { host, before, lives, end } = await liveThrough(tempers, kills);
      expect(lives).toBeLessThan(LIVES_MAX);
      expect(host.violations).toEqual([]);
      if (end === null) throw new Error('it never came to an end');
      seen[end.kind] += 1;
      seen.kills += host.counts.kills;
      seen.torn += host.counts.torn;
      if (end.outcome.code === 'interrupted-twice') seen.interruptedTwice += 1;
      if (end.kind === 'done') expect([...host.things.values()].flat().every((half) => half === 'new')).toBe(true);
      if (end.kind === 'reverted') {
        expect(new Map(host.things)).toEqual(before);
        if (host.counts.applies > 0) seen.revertedAfterWork += 1;
        expect(end.outcome.code).not.toBe('ok');
      }
      // Interrupted reverts count like failed ones: three kills in one revert need a person, a sound host without kills never does.
      if (end.kind === 'needs-a-person' && host.counts.kills === 0) expect(Math.max(...tempers.map(({ revertFailures }) => revertFailures))).toBeGreaterThanOrEqual(3);
      for (const step of tempers.keys()) {
        const begins = host.records.filter((record) => record.kind === 'begin' && record.step === step).length;
        expect(begins).toBeLessThanOrEqual(BEGIN_ATTEMPTS_MAX);
        expect(host.records.filter((record) => record.kind === 'prior' && record.step === step).length).toBeLessThanOrEqual(1);
      }
    }),
    { numRuns: 3000 },
  );
  // An empty property would pass: so many of each kind must have been seen.
  expect(seen.done).toBeGreaterThan(300);
  expect(seen.revertedAfterWork).toBeGreaterThan(300);
  expect(seen.interruptedTwice).toBeGreaterThan(100);
  expect(seen['needs-a-person']).toBeGreaterThan(10);
  expect(seen.kills).toBeGreaterThan(3000);
  expect(seen.torn).toBeGreaterThan(500);
});

test('every single instant of one run, each with every kind of torn write', async () => {
  const works: Temper = { apply: 'works', verify: 'works', revertFailures: 0, satisfied: false };
  const breaks: Temper = { ...works, apply: 'does-half-and-fails' };
  const ends = new Map<string, number>();
  for (const tempers of [[works, works], [works, breaks], [works, { ...works, verify: 'fails' as const }]]) {
    for (let untilKill = 0; untilKill < 30; untilKill += 1) {
      for (const tornBytes of [0, 1, 8, 9, 100, 200, 10_000]) {
        const { host, before, end } = await liveThrough(tempers, [{ untilKill, tornBytes }]);
        ends.set(end?.kind ?? 'none', (ends.get(end?.kind ?? 'none') ?? 0) + 1);
        if (end?.kind === 'done') expect([...host.things.values()].flat().every((half) => half === 'new')).toBe(true);
        else expect(new Map(host.things)).toEqual(before);
      }
    }
  }
  expect([...ends.keys()].toSorted()).toEqual(['done', 'reverted']);
});
