import { setTimeout as sleep } from 'node:timers/promises';
import { assignmentsInJournal } from './assignment-journal.ts';
import { attributeByUnits } from './attribution.ts';
import type { AssignmentSighting, Attribute, Attribution } from './attribution.ts';
import type { RunningContainer } from './container-image.ts';
import { addSight, greatestAtOnce, intervalsOf, newTrack } from './down-intervals.ts';
import type { AtOnce, DownInterval, HostTrack } from './down-intervals.ts';
import { monotonicMs } from './fault-log.ts';
import type { Fault } from './fault-log.ts';
import type { Host } from './host.ts';
import { observeHost } from './observe-host.ts';
import type { HostMemory } from './observe-host.ts';

export interface CheckerOptions {
  readonly hosts: readonly Host[];
  readonly faults: () => readonly Fault[];
  /** A host is down when one of these is not active or was started anew. */
  readonly units?: readonly string[] | ((host: Host) => readonly string[]);
  readonly intervalMs?: number;
  readonly attribute?: Attribute;
}

export interface BlamedInterval extends DownInterval {
  readonly attribution: Attribution;
}

export interface CheckReport {
  readonly intervalMs: number;
  readonly lookCount: number;
  /** The longest time between two looks at one host: nothing shorter than this is seen for certain. */
  readonly longestGapMs: number;
  readonly intervals: readonly BlamedInterval[];
  readonly greatestAtOnce: {
    readonly all: AtOnce;
    readonly ours: AtOnce;
    /** Ours, and what nothing explains: the number to hold a limit against. */
    readonly oursOrUnexplained: AtOnce;
  };
}

export interface Checker {
  /** From now on the host is also down while this very container does not run. */
  readonly watchContainer: (host: string, container: RunningContainer) => void;
  /** What was seen so far, from looks alone. */
  readonly report: () => CheckReport;
  /** The last look, then the report with what the hosts' journals know of assignments that no look saw. Idempotent. */
  readonly stop: () => Promise<CheckReport>;
}

interface Watch {
  readonly host: Host;
  readonly units: readonly string[];
  readonly memory: HostMemory;
  track: HostTrack;
  lookCount: number;
  lastLookMs: number;
  longestGapMs: number;
}

const intervalDefaultMs = 250;

/** Looks at every host from outside at an interval, each host in a round of its own so that a slow one delays no other. */
export function startChecker(options: CheckerOptions): Checker {
  const intervalMs = options.intervalMs ?? intervalDefaultMs;
  const { units = ['containerd.service'] } = options;
  const ending = new AbortController();
  const sightings: AssignmentSighting[] = [];
  const startMs = monotonicMs();
  const watches = options.hosts.map((host): Watch => ({
    host, units: typeof units === 'function' ? units(host) : units, memory: { units: new Map(), containers: new Map(), nextContainerLookMs: 0 },
    track: newTrack(host.name, startMs), lookCount: 0, lastLookMs: startMs, longestGapMs: 0,
  }));
  const look = async (watch: Watch): Promise<void> => {
    const { sight, assignments } = await observeHost(watch.host, watch.units, watch.memory);
    watch.track = addSight(watch.track, sight);
    for (const unit of assignments) noteAssignment(sightings, watch, unit, sight.atMs);
    watch.longestGapMs = Math.max(watch.longestGapMs, sight.atMs - watch.lastLookMs);
    watch.lastLookMs = sight.atMs;
    watch.lookCount += 1;
  };
  const rounds = watches.map(async (watch, index) => {
    await sleep((intervalMs * index) / watches.length, undefined, { signal: ending.signal }).catch(() => undefined);
    while (!ending.signal.aborted) {
      await look(watch);
      const waitMs = Math.max(1, intervalMs - (monotonicMs() - watch.lastLookMs));
      await sleep(waitMs, undefined, { signal: ending.signal }).catch(() => undefined);
    }
    await look(watch);
  });
  const report = (fromJournals: readonly AssignmentSighting[] = []): CheckReport => {
    const longestGapMs = Math.max(...watches.map((watch) => watch.longestGapMs));
    const evidence = { assignments: [...sightings, ...fromJournals], faults: options.faults(), marginMs: Math.max(longestGapMs, intervalMs) };
    const attribute = options.attribute ?? attributeByUnits;
    const intervals = watches.flatMap(({ host, track }) => intervalsOf(track).map((interval) => ({ ...interval, attribution: attribute(host.name, interval, evidence) })));
    const blamed = (...blames: readonly Attribution['blame'][]): AtOnce => greatestAtOnce(intervals.filter(({ attribution }) => blames.includes(attribution.blame)));
    return {
      intervalMs, longestGapMs, lookCount: watches.reduce((sum, { lookCount }) => sum + lookCount, 0),
      intervals: intervals.toSorted((a, b) => a.from.earliestMs - b.from.earliestMs),
      greatestAtOnce: { all: greatestAtOnce(intervals), ours: blamed('ours'), oursOrUnexplained: blamed('ours', 'unexplained') },
    };
  };
  let stopped: Promise<CheckReport> | null = null;
  return {
    report: () => report(),
    watchContainer: (name, container) => {
      const watch = watches.find(({ host }) => host.name === name);
      if (watch === undefined) throw new Error(`the checker does not look at ${name}`);
      watch.memory.containers.set(container.name, container);
    },
    stop: () => (stopped ??= (async () => {
      ending.abort();
      await Promise.all(rounds);
      return report((await Promise.all(options.hosts.map(assignmentsInJournal))).flat());
    })()),
  };
}

/** One sighting grows as long as look after look sees the unit. */
function noteAssignment(sightings: AssignmentSighting[], watch: Watch, unit: string, atMs: number): void {
  const index = sightings.findIndex((seen) => seen.host === watch.host.name && seen.unit === unit && seen.lastMs >= watch.lastLookMs);
  const seen = sightings[index];
  if (seen === undefined) sightings.push({ host: watch.host.name, unit, notBeforeMs: watch.lastLookMs, firstMs: atMs, lastMs: atMs });
  else sightings[index] = { ...seen, lastMs: atMs };
}
