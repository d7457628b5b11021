import type { Logger, LogFields } from './logger.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };
/** sd-daemon(3): the journal takes the priority from the front of the line. */
const PRIORITY: Readonly<Record<LogLevel, string>> = { debug: '<7>', info: '<6>', warn: '<4>', error: '<3>' };

/** One JSON object a line: what the lean agent writes, where pino would cost memory on every host. */
export function jsonLogger(least: LogLevel, write: (line: string) => void, underSystemd: boolean): Logger {
  const log = (level: LogLevel, message: string, fields: LogFields = {}): void => {
    if (RANK[level] < RANK[least]) return;
    // An outcome or an error among the fields has a message of its own, which must not take the place of this one.
    const { message: why, ...rest } = fields;
    const line = JSON.stringify({ level, message, ...rest, ...(why === undefined ? {} : { why }) }, errorsAsText);
    write(`${underSystemd ? PRIORITY[level] : ''}${line}\n`);
  };
  return {
    debug: (message, fields) => log('debug', message, fields),
    info: (message, fields) => log('info', message, fields),
    warn: (message, fields) => log('warn', message, fields),
    error: (message, fields) => log('error', message, fields),
  };
}

function errorsAsText(_key: string, value: unknown): unknown {
  return value instanceof Error ? (value.stack ?? value.message) : value;
}
