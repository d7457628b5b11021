import { runProgram } from '../adapters/run-program.ts';
import { systemdSnapshotUnits } from '../adapters/systemd/systemd-snapshot-units.ts';
import type { SnapshotUnits } from '../ports/snapshot-units.ts';

/** Work on snapshots runs this very program. */
export function snapshotUnitsOf(stateDir: string, configDir: string): SnapshotUnits {
  return systemdSnapshotUnits(runProgram, { argv: [process.execPath, process.argv[1] ?? ''], stateDir, configDir });
}
