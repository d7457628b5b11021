import type { Fragment, SettingsError } from '../../shared/settings/read-fragments.ts';

/** Second stage: the last word on each key, with where it was said. */
export type Inputs = ReadonlyMap<string, { readonly source: string; readonly value: unknown }>;

const KNOWN_KEYS = ['coordinator', 'enrollment', 'stateDir', 'sourcesDir', 'logLevel', 'allow', 'snapshots'];

export function mergeFragments(fragments: readonly Fragment[]): { readonly inputs: Inputs; readonly errors: readonly SettingsError[] } {
  const inputs = new Map<string, { readonly source: string; readonly value: unknown }>();
  const errors: SettingsError[] = [];
  for (const { source, values } of fragments) {
    for (const [key, value] of Object.entries(values)) {
      if (KNOWN_KEYS.includes(key)) inputs.set(key, { source, value });
      else errors.push({ source, message: `unknown key \`${key}\`; known are ${KNOWN_KEYS.join(', ')}` });
    }
  }
  return { inputs, errors };
}
