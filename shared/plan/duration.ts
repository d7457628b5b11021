const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `30s`, `5m`, `2h`, `500ms`, `1d`. @returns milliseconds, or null where it is no duration. */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text);
  if (match === null) return null;
  return Number(match[1]) * UNITS[match[2] as keyof typeof UNITS];
}

/** For cross-checks. @returns the default where nothing is written, null where what is written is no duration. */
export function durationOr(byDefaultMs: number, written: unknown): number | null {
  return written === undefined ? byDefaultMs : parseDuration(String(written));
}

/** In the largest unit that loses nothing, as parseDuration reads it. */
export function formatDuration(ms: number): string {
  const unit = (['d', 'h', 'm', 's'] as const).find((name) => ms > 0 && ms % UNITS[name] === 0);
  if (unit === undefined) return ms === 0 ? '0s' : `${ms}ms`;
  return `${ms / UNITS[unit]}${unit}`;
}
