import { jsonLogger } from '../../shared/ports/json-logger.ts';
import type { Logger } from '../../shared/ports/logger.ts';

/** A logger that keeps its lines as the agent writes them. */
export function lineLogger(): { readonly logger: Logger; readonly lines: readonly string[] } {
  const lines: string[] = [];
  return { logger: jsonLogger('debug', (line) => lines.push(line.trimEnd()), false), lines };
}
