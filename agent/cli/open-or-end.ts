import { jsonLogger } from '../../shared/ports/json-logger.ts';
import type { Logger } from '../../shared/ports/logger.ts';
import { type OpenHost, openHost } from '../open-host.ts';
import type { AgentSettings } from '../settings/settings.ts';
import { complain, configDirOf, EndVerb, settingsOf, type Values } from './read-options.ts';

export interface Opened {
  readonly settings: AgentSettings;
  readonly configDir: string;
  readonly host: OpenHost;
  readonly logger: Logger;
}

/** @throws EndVerb after saying why this host cannot be opened. */
export async function openOrEnd(values: Values): Promise<Opened> {
  const settings = await settingsOf(values);
  const underSystemd = process.env['INVOCATION_ID'] !== undefined;
  const logger = jsonLogger(settings.logLevel, (line) => process.stderr.write(line), underSystemd);
  const opened = await openHost(settings, logger);
  if (!opened.ok) throw new EndVerb(complain(opened.message));
  return { settings, configDir: configDirOf(values), host: opened.host, logger };
}
