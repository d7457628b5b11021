import { runProgram } from '../adapters/run-program.ts';
import { systemdWorkUnits } from '../adapters/systemd/systemd-work-units.ts';
import type { WorkUnits } from '../ports/work-units.ts';

/** Work units run this very program, with the runtime and the flags that this process has. */
export function workUnitsOf(stateDir: string, configDir: string): WorkUnits {
  const argv = [process.execPath, ...process.execArgv, process.argv[1] ?? ''];
  return systemdWorkUnits(runProgram, { argv, stateDir, configDir });
}
