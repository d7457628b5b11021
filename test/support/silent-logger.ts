import type { Logger } from '../../shared/ports/logger.ts';

export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

function nothing(): void {}
