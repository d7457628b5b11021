import { type Command, Option } from 'commander';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';

import { parseRecord } from '../../../shared/files/snapshot-record-file.ts';
import { parseDuration } from '../../../shared/plan/duration.ts';
import type { RestoreChoice } from '../../../shared/wire/messages.ts';
import { toSnapshotMessage } from '../../../shared/wire/snapshot-codec.ts';
import { addFile } from '../add-file.ts';
import { CliError } from '../cli-error.ts';
import type { FleetConnection } from '../connection/fleet-connection.ts';
import { errnoText } from '../connection/operator-file.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-code.ts';
import { handOverKeys } from '../hand-over-keys.ts';
import { printRestore } from '../print/print-restore.ts';
import { watchRollout } from '../watch-rollout.ts';

const EXAMPLE = `
All that was written since the snapshot is lost, in the whole cluster: what that is has to be typed
back. Every API server is stopped, every member of etcd gets the same snapshot, and the control plane
starts again only when all members are up on it. A host that cannot puts its old data back, and so do
the others; the old data is kept beside the new in any case.

A sealed snapshot is opened with the offline key here: the key goes nowhere. ID.snapshot and ID.record lie
on the host that took it, in /var/lib/farrier-snapshots/taken.

Example:
  farrier snapshot restore 20261122-015342-9f3c1a2b --cluster paddock --identity offline.key
  farrier snapshot restore --cluster paddock --identity offline.key --lost '2h 13m' --watch \\
    --file 20261122-015342-9f3c1a2b.snapshot --record 20261122-015342-9f3c1a2b.record`;

/** Where agents look for artifacts first. */
const HOST_CACHE = '/var/cache/farrier-agent/artifacts';

interface RestoreOptions {
  readonly cluster: string;
  readonly file?: string;
  readonly record?: string;
  readonly identity?: string;
  readonly lost?: string;
  readonly apiServer: readonly string[];
  readonly etcdutl?: string;
  readonly wait?: string;
  readonly watch?: boolean;
}

export function snapshotRestore(parent: Command, context: CliContext): void {
  parent
    .command('restore')
    .description('put a cluster’s datastore back to a snapshot; what is lost has to be typed back')
    .argument('[snapshot]', 'of the catalogue; or give --file and --record')
    .requiredOption('--cluster <name>', 'of which the datastore goes back')
    .addOption(new Option('--file <path>', 'the copy of a snapshot that is not in the catalogue'))
    .addOption(new Option('--record <path>', 'what was recorded of it when it was taken'))
    .addOption(new Option('--identity <file>', 'offline key, as age-keygen writes it; for a sealed snapshot'))
    .addOption(new Option('--lost <duration>', 'type back what is lost, where no person is asked'))
    .addOption(new Option('--api-server <url>', 'https://HOST:PORT of one that runs outside the fleet; may be repeated').default([]).argParser((url: string, before: readonly string[]) => [...before, url]))
    .addOption(new Option('--etcdutl <file>', 'of the snapshot’s minor, for hosts that have none installed'))
    .addOption(new Option('--wait <duration>', 'how long hosts wait for one another').default('10m'))
    .option('--watch', 'stay and show it until it is over')
    .addHelpText('after', EXAMPLE)
    .action(async (snapshot: string | undefined, options: RestoreOptions) => {
      const { cluster, apiServer, identity } = options;
      const waitMs = parseDuration(options.wait ?? '');
      if (waitMs === null) throw new CliError('usage', `--wait ${options.wait} is no duration`, 'write it as 10m');
      await context.withFleet(async (fleet) => {
        const choice: RestoreChoice = { cluster, ...(await chosen(context, fleet, snapshot, options)) };
        const apiServers = [...apiServer];
        const planned = await fleet.call('PlanRestore', { choice, apiServers });
        // To standard error, where it is read though the result is piped on.
        for (const line of printRestore(planned)) context.io.err(line);
        if (planned.problems.length > 0) {
          context.exitCode = EXIT.failed;
          return;
        }
        const keys = await handOverKeys(planned, identity);
        const tool = options.etcdutl === undefined ? null : await addFile(context, fleet, options.etcdutl, basename(options.etcdutl));
        const lost = options.lost ?? (await asked(context, planned.lost));
        const started = await fleet.call('StartRestore', { choice, apiServers, lost, keys: [...keys], tool: tool === null ? null : { sha256: tool.sha256, size: tool.size }, waitMs });
        if (options.watch === true) context.exitCode = await watchRollout(fleet, started.rollout, { json: context.json, untilPaused: false }, context.io);
        else context.show(started, () => [`rollout ${started.rollout} restores the datastore of ${cluster}`, `  watch it: farrier rollout watch ${started.rollout}`]);
      });
    });
}

async function chosen(context: CliContext, fleet: FleetConnection, snapshot: string | undefined, { file, record: path }: RestoreOptions): Promise<Pick<RestoreChoice, 'snapshot' | 'described'>> {
  if (file === undefined && path === undefined && snapshot !== undefined) return { snapshot };
  if (file === undefined || path === undefined || snapshot !== undefined) throw new CliError('usage', 'it is not clear which snapshot is meant', 'name one of the catalogue, or give --file and --record together');
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new CliError('bad-file', `${path} cannot be read: ${errnoText(cause)}`, 'check the path and who may read it');
  });
  const record = parseRecord(bytes);
  if (typeof record === 'string') throw new CliError('bad-file', `${path} cannot be used: ${record}`, 'give the record that lies beside the snapshot on the host that took it');
  const { digest } = record.sealed ?? record.plain;
  // Every node may fetch what lies on the coordinator: a plain snapshot holds all of a cluster's secrets, and goes by hand.
  if (record.sealed === null) context.io.err(`the snapshot is not sealed and is not sent: lay it on each host as ${HOST_CACHE}/${digest}`);
  else await addFile(context, fleet, file, record.id, (sha256) => {
    if (sha256 !== digest) throw new CliError('bad-file', `${file} is not the snapshot that ${path} describes: its sha256 is ${sha256}, recorded was ${digest}`, 'take another copy, or the record of this one');
  });
  return { described: toSnapshotMessage(record) };
}

async function asked({ io }: CliContext, lost: string): Promise<string> {
  if (io.askLine === null) throw new CliError('usage', 'nobody is here to type back what is lost', `if ${lost} may be lost: --lost '${lost}'`);
  return await io.askLine(`Type ${lost} to lose it, anything else to leave all as it is: `);
}
