import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** First stage of settings: what each source says, unjudged. Later fragments win. */
export interface Fragment {
  /** Where a person would mend it: a path, `environment` or `command line`. */
  readonly source: string;
  readonly values: Readonly<Record<string, unknown>>;
}

export interface SettingsError {
  readonly source: string;
  /** Cause and remedy. */
  readonly message: string;
}

/** Reads `<program>.yaml`, then `<program>.d/*.yaml` in order of their names. Files that are not there say nothing. */
export async function readFragments(
  configDir: string,
  program: string,
): Promise<{ readonly fragments: readonly Fragment[]; readonly errors: readonly SettingsError[] }> {
  const fragments: Fragment[] = [];
  const errors: SettingsError[] = [];
  // Loaded on demand: once the settings are read, an agent has no more use for it.
  const { parse } = await import('yaml');
  for (const path of configFiles(configDir, program)) {
    try {
      const values: unknown = parse(readFileSync(path, 'utf8')) ?? {};
      if (isRecord(values)) fragments.push({ source: path, values });
      else errors.push({ source: path, message: 'must hold `key: value` lines' });
    } catch (error) {
      errors.push({ source: path, message: error instanceof Error ? error.message : String(error) });
    }
  }
  return { fragments, errors };
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function configFiles(configDir: string, program: string): readonly string[] {
  const main = join(configDir, `${program}.yaml`);
  const dropIns = join(configDir, `${program}.d`);
  const extra = existsSync(dropIns) ? readdirSync(dropIns).filter((name) => name.endsWith('.yaml')).toSorted() : [];
  return [...(existsSync(main) ? [main] : []), ...extra.map((name) => join(dropIns, name))];
}
