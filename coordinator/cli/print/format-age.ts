const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
] as const;

/** `12s`, `3m 10s`, `2h 5m`, `3d 4h`: the two largest units, for people. Below a second: `0s`. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const first = UNITS.findIndex(([, size]) => seconds >= size);
  if (first === -1) return '0s';
  const [unit, size] = UNITS[first] ?? ['s', 1];
  const next = UNITS[first + 1];
  const rest = next === undefined ? 0 : Math.floor((seconds % size) / next[1]);
  return `${Math.floor(seconds / size)}${unit}${next === undefined || rest === 0 ? '' : ` ${rest}${next[0]}`}`;
}

/** Since a moment of the wall clock; `-` where there is none. */
export function formatSince(sinceUnixMs: number, nowUnixMs: number): string {
  return sinceUnixMs === 0 ? '-' : formatAge(nowUnixMs - sinceUnixMs);
}

/** `2025-11-20 23:41:07Z`: the same on every screen, whatever its time zone. */
export function formatMoment(unixMs: number): string {
  return unixMs === 0 ? '-' : `${new Date(unixMs).toISOString().slice(0, 19).replace('T', ' ')}Z`;
}
