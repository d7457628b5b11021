import { systemClock } from '../../shared/ports/system-clock.ts';
import { deadlineWatchdog } from '../adapters/deadline-watchdog.ts';
import { bark } from '../runner/bark.ts';
import { openOrEnd } from './open-or-end.ts';
import { asVerb, readOptions } from './read-options.ts';
import type { Verb } from './verb.ts';
import { workUnitsOf } from './work-units-of.ts';

const HELP = `Usage: farrier-agent watchdog

Has begun work reverted whose deadline is past. Runs from farrier-agent-watchdog.timer; not for people.

Example:
  farrier-agent watchdog`;

export const verb: Verb = (_name, args) =>
  asVerb(async () => {
    const { values } = readOptions(args, {}, HELP);
    const { settings, configDir, host, logger } = await openOrEnd(values);
    const barked = await bark(deadlineWatchdog(settings.stateDir, systemClock), workUnitsOf(settings.stateDir, configDir), host);
    for (const generation of barked) logger.warn('reverting what went silent', { generation });
    return 0;
  });
