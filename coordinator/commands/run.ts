import { type Command, Option } from 'commander';
import { hostname } from 'node:os';

import type { Logger } from '../../shared/ports/logger.ts';
import { notifySystemd, pingWatchdog } from '../../shared/ports/notify-systemd.ts';
import { systemClock } from '../../shared/ports/system-clock.ts';
import { systemRandom } from '../../shared/ports/system-random.ts';
import { pinoLogger } from '../adapters/pino-logger.ts';
import { openStore } from '../adapters/open-store.ts';
import type { DatastoreProof } from '../ports/datastore-proof.ts';
import type { Drain } from '../ports/drain.ts';
import { keepLeadership, waitForLeadership } from '../runtime/lead.ts';
import { serveFleet } from '../serve-fleet.ts';
import type { CoordinatorSettings } from '../settings/settings.ts';
import { openKeys } from '../trust/open-keys.ts';
import { settingsOrExit } from './settings-or-exit.ts';
import { exitWith } from './exit-with.ts';

const EXAMPLE = `
Example:
  farrier-coordinator run --fleet edge --advertise coordinator.example.net

Everything can be written in /etc/farrier/coordinator.yaml instead.`;

interface ClusterParts {
  /** What proves that datastores can be brought back (I8); null: the fleet's own agents. */
  readonly proof: DatastoreProof | null;
  /** What empties nodes and gives them back (I9). */
  readonly drain: Drain;
}

export function runCommand(program: Command, cluster: ClusterParts): void {
  program
    .command('run')
    .description('serve the fleet; what the systemd unit does')
    .addOption(new Option('--config-dir <path>', 'folder of coordinator.yaml and coordinator.d').default('/etc/farrier'))
    .option('--fleet <name>', 'name of the fleet')
    .option('--data-folder <path>', 'where the store and the keys lie')
    .option('--listen <host:port>', 'for agents and operators')
    .option('--enroll-listen <host:port>', 'for hosts that enroll')
    .option('--advertise <name>', 'name or address under which hosts reach this coordinator')
    .option('--admin-socket <path>', 'root-only Unix socket for the first admin')
    .option('--nats <url>', 'keep the state in NATS JetStream instead of one file')
    .option('--nats-monitor <url>', 'monitoring address of that server, to tell what a power cut could lose')
    .option('--kubeconfig <path>', 'cluster whose nodes are watched')
    .option('--log-level <level>', 'debug, info, warn or error')
    .addHelpText('after', EXAMPLE)
    .action(async ({ configDir, ...commandLine }: { readonly configDir: string } & Record<string, unknown>) => {
      const settings = await settingsOrExit(configDir, commandLine);
      await run(settings, cluster, pinoLogger(settings.logLevel));
    });
}

async function run(settings: CoordinatorSettings, cluster: ClusterParts, logger: Logger): Promise<void> {
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort());
  // Before the keys: whoever does not get the lock has touched nothing.
  const store = await openStore(settings, systemClock).catch((error: unknown) => exitWith(error));
  logger.info('store open', { durability: store.durability });
  const serverNames = [settings.advertise, 'localhost', '127.0.0.1'];
  const opened = await openKeys(settings.dataFolder, { fleet: settings.fleet, serverNames, clock: systemClock, random: systemRandom });
  if (!opened.ok) exitWith(new Error(opened.message));
  if (opened.created) logger.info('keys made', { fleet: settings.fleet, caHash: opened.keys.ca.hash });

  // The folder's lock lets one process in, so the one after a crash may take its own lease up again.
  const holder = settings.nats === null ? `${hostname()}:${settings.dataFolder}` : `${hostname()}:${process.pid}`;
  const stopPings = pingWatchdog();
  try {
    await waitForLeadership(store.events, holder, systemClock, logger, stop.signal);
    const serving = new AbortController();
    const signal = AbortSignal.any([stop.signal, serving.signal]);
    const parts = { settings, keys: opened.keys, store: store.events, ...cluster, holder, clock: systemClock, random: systemRandom, logger };
    const kept = keepLeadership(store.events, holder, systemClock, signal).then((still) => {
      if (!still) throw new Error('the leader’s lease is lost');
    });
    await Promise.race([serveFleet({ ...parts, ready: () => notifySystemd('--ready') }, signal), kept]);
    serving.abort();
    await kept;
  } catch (error) {
    if (!stop.signal.aborted) {
      logger.error('the coordinator ends; systemd starts it again', { error });
      process.exitCode = 1;
    }
  } finally {
    stop.abort();
    stopPings();
    await store.events.close();
    // Whatever still hangs on a timer or a socket has nothing left to do.
    process.exit();
  }
}
