// Reads of data that may be anything: a cross-check runs also where another part of the file is wrong.

export function entryOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

export function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A key that nobody knows may be a known one misspelt: what is missing then is not what is wrong. */
export function hasOnly(value: unknown, keys: readonly string[]): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).every((key) => keys.includes(key));
}
