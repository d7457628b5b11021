import { type CoordinatorSettings, loadSettings } from '../settings/settings.ts';

/** Prints every mistake at once and exits with 2, as wrong usage does. */
export async function settingsOrExit(configDir: string, commandLine: Readonly<Record<string, unknown>>): Promise<CoordinatorSettings> {
  const loaded = await loadSettings(configDir, commandLine);
  if (loaded.ok) return loaded.settings;
  for (const { source, message } of loaded.errors) process.stderr.write(`farrier-coordinator: ${source}: ${message}\n`);
  process.exit(2);
}
