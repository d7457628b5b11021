/** A moment that is known to lie between two times (milliseconds of CLOCK_MONOTONIC); equal where it is known exactly. */
export interface Moment {
  readonly earliestMs: number;
  readonly latestMs: number;
}

/** A time in which a host was down. `until` is null while it still is. */
export interface DownInterval {
  readonly host: string;
  readonly causes: readonly string[];
  readonly from: Moment;
  readonly until: Moment | null;
}

/** What one look at a host saw. No causes: it was up. */
export interface Sight {
  /** Taken before the look began. */
  readonly atMs: number;
  readonly causes: readonly string[];
  /** Since when it is down, where the host itself kept the time. */
  readonly downSinceMs?: number;
  /** It is up now, but was down since the last look; the exact time again where the host kept it. */
  readonly wasDown?: { readonly causes: readonly string[]; readonly fromMs?: number };
  /** Since when it is up again, where the host itself kept the time. */
  readonly upSinceMs?: number;
}

export interface HostTrack {
  readonly host: string;
  readonly lastGoodMs: number;
  readonly open: { readonly causes: readonly string[]; readonly from: Moment; readonly lastBadMs: number } | null;
  readonly closed: readonly DownInterval[];
}

export function newTrack(host: string, atMs: number): HostTrack {
  return { host, lastGoodMs: atMs, open: null, closed: [] };
}

/**
 * Adds one look. Times kept by the host make an interval exact; without them its ends lie somewhere between two looks,
 * and the interval says so.
 */
export function addSight(track: HostTrack, sight: Sight): HostTrack {
  const { atMs } = sight;
  if (sight.causes.length > 0) {
    const from = track.open?.from ?? exactOr(sight.downSinceMs, track.lastGoodMs, atMs);
    const causes = [...new Set([...(track.open?.causes ?? []), ...sight.causes])];
    return { ...track, open: { causes, from, lastBadMs: atMs } };
  }
  if (track.open !== null) {
    const { causes, from, lastBadMs } = track.open;
    // A time before the last bad look is of something else than what came back last.
    const upSinceMs = sight.upSinceMs !== undefined && sight.upSinceMs >= lastBadMs ? sight.upSinceMs : undefined;
    const until = exactOr(upSinceMs, lastBadMs, atMs);
    return { ...track, lastGoodMs: atMs, open: null, closed: [...track.closed, { host: track.host, causes, from, until }] };
  }
  if (sight.wasDown === undefined) return { ...track, lastGoodMs: atMs };
  const from = exactOr(sight.wasDown.fromMs, track.lastGoodMs, atMs);
  const until = exactOr(sight.upSinceMs, from.latestMs === from.earliestMs ? from.earliestMs : track.lastGoodMs, atMs);
  return { ...track, lastGoodMs: atMs, closed: [...track.closed, { host: track.host, causes: sight.wasDown.causes, from, until }] };
}

/** All intervals of a track, an open one with `until` null. */
export function intervalsOf(track: HostTrack): readonly DownInterval[] {
  return track.open === null ? track.closed : [...track.closed, { host: track.host, causes: track.open.causes, from: track.open.from, until: null }];
}

export interface AtOnce {
  /** So many were down at once for certain. */
  readonly certain: number;
  /** No more than so many can have been, as far as looks at an interval can tell. */
  readonly possible: number;
}

/** The greatest number of different hosts that were down at one moment. */
export function greatestAtOnce(intervals: readonly DownInterval[]): AtOnce {
  return {
    certain: sweepLine(intervals.map(({ host, from, until }) => ({ host, startMs: from.latestMs, endMs: until?.earliestMs ?? Infinity }))),
    possible: sweepLine(intervals.map(({ host, from, until }) => ({ host, startMs: from.earliestMs, endMs: until?.latestMs ?? Infinity }))),
  };
}

/** An interval that ends where another starts does not overlap it; one of no length is down at no moment. */
function sweepLine(spans: readonly { readonly host: string; readonly startMs: number; readonly endMs: number }[]): number {
  const edges = spans.filter(({ startMs, endMs }) => endMs > startMs).flatMap(({ host, startMs, endMs }) => [{ host, atMs: startMs, step: 1 }, { host, atMs: endMs, step: -1 }]);
  edges.sort((a, b) => (a.atMs === b.atMs ? a.step - b.step : a.atMs - b.atMs));
  const depth = new Map<string, number>();
  let greatest = 0;
  for (const { host, step } of edges) {
    const now = (depth.get(host) ?? 0) + step;
    if (now === 0) depth.delete(host);
    else depth.set(host, now);
    greatest = Math.max(greatest, depth.size);
  }
  return greatest;
}

function exactOr(exactMs: number | undefined, earliestMs: number, latestMs: number): Moment {
  return exactMs === undefined ? { earliestMs, latestMs } : { earliestMs: exactMs, latestMs: exactMs };
}
