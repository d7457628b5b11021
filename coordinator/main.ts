import { Command } from 'commander';

import { backupCommands } from './commands/backup.ts';
import { runCommand } from './commands/run.ts';

declare const FARRIER_VERSION: string | undefined;

const program = new Command('farrier-coordinator')
  .description('Schedules upgrades of a fleet of hosts, never letting more be unavailable than allowed.')
  .version(typeof FARRIER_VERSION === 'undefined' ? 'development' : FARRIER_VERSION)
  .showHelpAfterError();

runCommand(program);
backupCommands(program);
await program.parseAsync();
