import { systemClock } from '../../shared/ports/system-clock.ts';
import { deadlineWatchdog } from '../adapters/deadline-watchdog.ts';
import { runProgram } from '../adapters/run-program.ts';
import { SYSTEM_UNITS_DIR, systemdUpgradeGuard } from '../adapters/systemd/systemd-upgrade-guard.ts';
import { journalDurableFiles } from '../adapters/system-durable-files.ts';
import { openAssignment } from '../core/progress.ts';
import { bark } from '../runner/bark.ts';
import { journalFolder } from '../runner/host.ts';
import { JournalReader } from '../runner/journal-reader.ts';
import { WorkDriver } from '../runner/work-driver.ts';
import { openOrEnd } from './open-or-end.ts';
import { asVerb, configDirOf, readOptions, settingsOf } from './read-options.ts';
import type { Verb } from './verb.ts';
import { ownArgv, workUnitsOf } from './work-units-of.ts';

const HELP = `Usage: farrier-agent rescue

Sees an upgrade of the agent through where the agent itself may not run. Runs from farrier-agent-rescue.timer, which the
upgrade arms, out of a copy of the version that began it; not for people.

Example:
  farrier-agent rescue`;

const DISARM_MS = 60_000;

export const verb: Verb = (_name, args) =>
  asVerb(async () => {
    const { values } = readOptions(args, {}, HELP);
    const { stateDir } = await settingsOf(values);
    const configDir = configDirOf(values);
    const units = workUnitsOf(stateDir, configDir);
    const reader = new JournalReader(journalFolder(stateDir), journalDurableFiles);
    if (reader.error === null && openAssignment(reader.records) === null) {
      // A unit that has just written its last record still runs from what is taken away here.
      if ((await units.running()) === null) await systemdUpgradeGuard(runProgram, { stateDir, configDir, argv: ownArgv(), unitsDir: SYSTEM_UNITS_DIR }).disarm(AbortSignal.timeout(DISARM_MS));
      return 0;
    }
    const { host } = await openOrEnd(values);
    // The package's own watchdog may be as broken as its agent.
    await bark(deadlineWatchdog(stateDir, systemClock), units, host);
    reader.refresh();
    if (reader.error === null) await new WorkDriver(units, host).drive(reader.records);
    return 0;
  });
