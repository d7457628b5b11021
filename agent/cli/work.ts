import { systemClock } from '../../shared/ports/system-clock.ts';
import { connectArtifacts } from '../adapters/connect-artifacts.ts';
import { deadlineWatchdog } from '../adapters/deadline-watchdog.ts';
import { hostExecutors } from '../adapters/host-executors.ts';
import { linkArtifacts } from '../adapters/link-artifacts.ts';
import { reachCoordinator } from '../link/reach-coordinator.ts';
import { WORK_MODES } from '../ports/work-units.ts';
import { runWork } from '../runner/run-work.ts';
import { CACHE_DIR } from '../settings/cache-dir.ts';
import { openOrEnd } from './open-or-end.ts';
import { asVerb, complain, readOptions } from './read-options.ts';
import type { Verb } from './verb.ts';
import { ownArgv } from './work-units-of.ts';

const HELP = `Usage: farrier-agent work --generation N --mode MODE

Runs inside a transient unit that the agent starts; not for people.

Example:
  farrier-agent work --generation 4 --mode activate`;

/** Works on one assignment in the unit of its own. Exit code 0 also where the work itself failed: the journal says so. */
export const verb: Verb = (_name, args) =>
  asVerb(async () => {
    const { values } = readOptions(args, { generation: { type: 'string' }, mode: { type: 'string' } }, HELP);
    const mode = WORK_MODES.find((known) => known === values['mode']);
    const generation = Number(values['generation']);
    if (mode === undefined || !Number.isInteger(generation)) return complain(`work needs --generation and --mode (${WORK_MODES.join(', ')})`);
    const { settings, configDir, host } = await openOrEnd(values);
    const stop = new AbortController();
    process.once('SIGTERM', () => stop.abort());
    const artifacts = linkArtifacts({ cacheDir: `${CACHE_DIR}/artifacts`, connect: () => connectArtifacts(settings), clock: systemClock });
    const { sourcesDir, stateDir, coordinator } = settings;
    const reach = (): Promise<boolean> => reachCoordinator(coordinator ?? host.identity.linkAddress, host.identity);
    const executors = hostExecutors({ sourcesDir, cacheDir: CACHE_DIR, artifacts, stateDir, configDir, argv: ownArgv(), reach }, systemClock);
    const end = await runWork({ generation, mode }, host, executors, deadlineWatchdog(stateDir, systemClock), stop.signal);
    if (end.kind === 'broken') return complain(`${end.error.message}; ${end.error.remedy}`);
    host.logger.info('work ended', { generation, ...end });
    return 0;
  });
