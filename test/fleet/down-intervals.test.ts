import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attributeByUnits } from './attribution.ts';
import { addSight, greatestAtOnce, intervalsOf, newTrack } from './down-intervals.ts';
import type { DownInterval, Moment, Sight } from './down-intervals.ts';

const exact = (atMs: number): Moment => ({ earliestMs: atMs, latestMs: atMs });
const between = (earliestMs: number, latestMs: number): Moment => ({ earliestMs, latestMs });
const up = (atMs: number): Sight => ({ atMs, causes: [] });
const down = (atMs: number): Sight => ({ atMs, causes: ['x'] });

function intervals(...sights: readonly Sight[]): readonly DownInterval[] {
  return intervalsOf(sights.reduce(addSight, newTrack('a', 0)));
}

describe('intervals from looks', () => {
  it.each<[string, readonly Sight[], readonly [Moment, Moment | null][]]>([
    ['always up', [up(10), up(20)], []],
    ['ends lie between looks', [up(10), down(20), down(30), up(40)], [[between(10, 20), between(30, 40)]]],
    ['down from the start', [down(10), up(20)], [[between(0, 10), between(10, 20)]]],
    ['still down', [up(10), down(20)], [[between(10, 20), null]]],
    ['both ends kept by the host', [up(10), { ...down(20), downSinceMs: 13 }, { ...up(30), upSinceMs: 24 }], [[exact(13), exact(24)]]],
    ['up time of something that came back before', [up(10), down(20), down(30), { ...up(40), upSinceMs: 24 }], [[between(10, 20), between(30, 40)]]],
    ['restart between looks, kept by the host', [up(10), { ...up(20), wasDown: { causes: ['r'], fromMs: 12 }, upSinceMs: 15 }], [[exact(12), exact(15)]]],
    ['restart between looks, start unknown', [up(10), { ...up(20), wasDown: { causes: ['r'] }, upSinceMs: 15 }], [[between(10, 20), exact(15)]]],
    ['two times down', [down(10), up(20), down(30), up(40)], [[between(0, 10), between(10, 20)], [between(20, 30), between(30, 40)]]],
  ])('%s', (_name, sights, expected) => {
    expect(intervals(...sights).map(({ from, until }) => [from, until])).toEqual(expected);
  });

  it('collects the causes of one interval', () => {
    expect(intervals({ atMs: 1, causes: ['a'] }, { atMs: 2, causes: ['b', 'a'] }, up(3))[0]?.causes).toEqual(['a', 'b']);
  });
});

describe('hosts down at once', () => {
  const span = (host: string, from: Moment, until: Moment | null): DownInterval => ({ host, causes: ['x'], from, until });

  it.each<[string, readonly DownInterval[], number, number]>([
    ['none', [], 0, 0],
    ['one after the other, touching', [span('a', exact(0), exact(10)), span('b', exact(10), exact(20))], 1, 1],
    ['overlapping by a millisecond', [span('a', exact(0), exact(11)), span('b', exact(10), exact(20))], 2, 2],
    ['apart for certain, together perhaps', [span('a', exact(0), between(8, 12)), span('b', between(9, 13), exact(20))], 1, 2],
    ['one host twice is one host', [span('a', exact(0), between(8, 12)), span('a', between(9, 13), exact(20))], 1, 1],
    ['still down counts', [span('a', exact(0), null), span('b', exact(100), null)], 2, 2],
    ['seen by no two looks', [span('a', between(0, 10), between(5, 10))], 0, 1],
  ])('%s', (_name, spans, certain, possible) => {
    expect(greatestAtOnce(spans)).toEqual({ certain, possible });
  });

  it('what is certain is never more than what is possible, and the truth lies between', () => {
    let overlapping = 0;
    fc.assert(fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.nat(50), fc.integer({ min: 1, max: 30 }), fc.nat(5), fc.nat(5)), { maxLength: 12 }), (drawn) => {
      const truth = drawn.map(([host, start, length]) => span(host, exact(start), exact(start + length)));
      const seen = drawn.map(([host, start, length, early, late]) => span(host, between(start - early, start + late), between(start + length - early, start + length + late)));
      const { certain, possible } = greatestAtOnce(seen);
      const { certain: real } = greatestAtOnce(truth);
      if (real > 1) overlapping += 1;
      expect(certain).toBeLessThanOrEqual(real);
      expect(real).toBeLessThanOrEqual(possible);
    }));
    expect(overlapping).toBeGreaterThan(10);
  });
});

describe('who is to blame', () => {
  const interval: DownInterval = { host: 'a', causes: ['x'], from: exact(1000), until: exact(2000) };
  const unit = (firstMs: number, lastMs: number, notBeforeMs = firstMs, host = 'a'): { host: string; unit: string; notBeforeMs: number; firstMs: number; lastMs: number } => ({ host, unit: 'farrier-assignment-1.service', notBeforeMs, firstMs, lastMs });
  const fault = (fromMs: number, untilMs: number | null, host = 'a'): { host: string; kind: string; fromMs: number; untilMs: number | null } => ({ host, kind: 'crash', fromMs, untilMs });

  it.each([
    ['a unit ran', [unit(900, 2100)], [], 'ours'],
    ['a unit was last seen just before', [unit(500, 900)], [], 'ours'],
    ['a unit ended long before', [unit(100, 700)], [], 'unexplained'],
    ['a unit of another host', [unit(900, 2100, 900, 'b')], [], 'unexplained'],
    ['a unit and a fault', [unit(900, 1100)], [fault(1000, null)], 'ours'],
    ['a fault', [], [fault(990, 2050)], 'fault'],
    ['a fault that lasts', [], [fault(1000, null)], 'fault'],
    ['a fault long over', [], [fault(100, 200)], 'unexplained'],
    ['a fault of another host', [], [fault(1000, 2000, 'b')], 'unexplained'],
    ['a unit first seen right after it', [unit(2100, 2100, 1850)], [], 'ours'],
    ['a unit that began after a fault was over', [unit(2100, 2100, 1850)], [fault(1000, 2000)], 'fault'],
    ['nothing', [], [], 'unexplained'],
  ] as const)('%s', (_name, assignments, faults, blame) => {
    expect(attributeByUnits('a', interval, { assignments, faults, marginMs: 250 }).blame).toBe(blame);
  });
});
