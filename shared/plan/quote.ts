const SHOWN_MAX = 60;

/** What a person wrote, as it can stand in a message: bounded, one line, without control characters. */
export function quote(value: unknown, shownMax = SHOWN_MAX): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value !== 'string') return String(value);
  const text = value.length > shownMax ? `${value.slice(0, shownMax)}…` : value;
  return JSON.stringify(text.toWellFormed()).replaceAll(/[\u007f-\u009f\u2028\u2029]/g, '?');
}
