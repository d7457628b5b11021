import { runProgram } from '../adapters/run-program.ts';
import { systemdWorkUnits } from '../adapters/systemd/systemd-work-units.ts';
import type { WorkUnits } from '../ports/work-units.ts';
import { readUpgradeMarker } from '../runner/upgrade-marker.ts';

/**
 * Work units run this very program, with the runtime and the flags that this process has; while the agent is being upgraded,
 * the version that began it, whichever asks.
 */
export function workUnitsOf(stateDir: string, configDir: string): WorkUnits {
  const argv = (): readonly string[] => readUpgradeMarker(stateDir)?.argv ?? ownArgv();
  return systemdWorkUnits(runProgram, { argv, stateDir, configDir });
}

/** `[node, ...flags, program]`. */
export function ownArgv(): readonly string[] {
  return [process.execPath, ...process.execArgv, process.argv[1] ?? ''];
}
