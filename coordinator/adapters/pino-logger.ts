import { pino, stdSerializers } from 'pino';

import type { Logger } from '../../shared/ports/logger.ts';

/** JSON lines on standard output, for journald and whatever collects from there. */
export function pinoLogger(level: string): Logger {
  const log = pino({ level, base: null, serializers: { error: stdSerializers.err } });
  return {
    debug: (message, fields = {}) => log.debug(fields, message),
    info: (message, fields = {}) => log.info(fields, message),
    warn: (message, fields = {}) => log.warn(fields, message),
    error: (message, fields = {}) => log.error(fields, message),
  };
}
