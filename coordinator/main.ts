import { Command, CommanderError } from 'commander';

import { VERSION } from '../shared/ports/version.ts';
import { noDrain } from './adapters/no-drain.ts';
import { backupCommands } from './commands/backup.ts';
import { runCommand } from './commands/run.ts';

const program = new Command('farrier-coordinator')
  .description('Schedules upgrades of a fleet of hosts, never letting more be unavailable than allowed.')
  .version(VERSION)
  .showHelpAfterError()
  .exitOverride();

runCommand(program, { proof: null, drain: noDrain });
backupCommands(program);
try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // As wrong settings do: systemd does not try that again.
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
