import type { Command } from 'commander';

import { systemClock } from '../../shared/ports/system-clock.ts';
import { openStore } from '../adapters/open-store.ts';
import { sqliteStoreFile } from '../adapters/sqlite-store-copy.ts';
import { loadStoreFile, storeAsFile } from '../adapters/store-as-file.ts';
import { backup } from '../runtime/backup.ts';
import type { BackupSecret } from '../runtime/backup-secret.ts';
import { restore } from '../runtime/restore.ts';
import { exitWith } from './exit-with.ts';
import { settingsOrExit } from './settings-or-exit.ts';

const SECRETS = `
The archive is encrypted with the passphrase in FARRIER_BACKUP_PASSPHRASE, or with --key-file.`;

interface Options {
  readonly configDir: string;
  readonly dataFolder?: string;
  readonly keyFile?: string;
}

export function backupCommands(program: Command): void {
  withOptions(program.command('backup <file>'))
    .description('write store, CA and keys to one encrypted file; the coordinator may be running')
    .addHelpText('after', `${SECRETS}\n\nExample:\n  farrier-coordinator backup /srv/backup/fleet.farrier --key-file /root/backup.key`)
    .action(async (file: string, options: Options) => {
      const settings = await settingsFor(options);
      const { dataFolder } = settings;
      // The embedded store is copied beside a running coordinator; JetStream is read through its server.
      const remote = settings.nats === null ? null : (await openStore(settings, systemClock).catch(exitWith)).events;
      const store = remote === null ? sqliteStoreFile(dataFolder) : storeAsFile(remote, systemClock);
      const manifest = await backup({ ...secretOf(options), dataFolder, store, to: file, nowUnixMs: systemClock.wallUnixMs() }).catch(exitWith);
      await remote?.close();
      process.stdout.write(`${file}: ${manifest.files.length} files\n`);
    });

  withOptions(program.command('restore <file>'))
    .description('put a backup into an empty data folder; every hash is checked before anything is put in place')
    .addHelpText('after', `${SECRETS}\n\nExample:\n  farrier-coordinator restore /srv/backup/fleet.farrier --key-file /root/backup.key --data-folder /var/lib/farrier-coordinator`)
    .action(async (file: string, options: Options) => {
      const settings = await settingsFor(options);
      const { dataFolder } = settings;
      const manifest = await restore({ ...secretOf(options), from: file, dataFolder }).catch(exitWith);
      if (settings.nats !== null) {
        const { events } = await openStore(settings, systemClock).catch(exitWith);
        await loadStoreFile(dataFolder, events, systemClock).catch(exitWith);
        await events.close();
      }
      process.stdout.write(`${dataFolder}: ${manifest.files.length} files of ${new Date(manifest.madeAtUnixMs).toISOString()}\n`);
    });
}

function withOptions(command: Command): Command {
  return command
    .option('--config-dir <path>', 'folder of coordinator.yaml', '/etc/farrier')
    .option('--data-folder <path>', 'where the store and the keys lie')
    .option('--key-file <path>', 'secret of at least 32 random bytes');
}

async function settingsFor({ configDir, dataFolder }: Options) {
  return await settingsOrExit(configDir, dataFolder === undefined ? {} : { dataFolder });
}

function secretOf({ keyFile }: Options): BackupSecret {
  if (keyFile !== undefined) return { keyFile };
  const passphrase = process.env['FARRIER_BACKUP_PASSPHRASE'];
  if (passphrase === undefined || passphrase === '') exitWith(new Error('no secret: give --key-file or set FARRIER_BACKUP_PASSPHRASE'));
  return { passphrase };
}
