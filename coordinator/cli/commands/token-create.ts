import { type Command, InvalidArgumentError, Option } from 'commander';

import { parseDuration } from '../../../shared/plan/duration.ts';
import type { CliContext } from '../context.ts';
import { formatMoment } from '../print/format-age.ts';
import { printFacts } from '../print/print-table.ts';

interface Options {
  readonly uses: number;
  readonly ttl: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly names?: string;
  readonly cluster?: string;
  readonly zone?: string;
  readonly site?: string;
}

const EXAMPLE = `
Example: ten edge hosts may enroll within a day and become workers of zone north
  farrier token create --uses 10 --ttl 1d --names 'edge-*' --labels role=worker --zone north`;

/** What a node is comes from its token, never from the node. */
export function tokenCreate(parent: Command, context: CliContext): void {
  parent
    .command('create')
    .description('make a token with which hosts enroll; it is shown once')
    .option('--uses <number>', 'so many hosts may use it', readUses, 1)
    .addOption(new Option('--ttl <duration>', 'how long it can be used').argParser(readTtl).default(3_600_000, '1h'))
    .option('--names <globs>', 'the names that hosts may take, as edge-*')
    .option('--labels <key=value,...>', 'labels of the nodes, separated by commas', readLabels)
    .option('--cluster <name>', 'the cluster of the nodes')
    .option('--zone <name>', 'the zone of the nodes')
    .option('--site <name>', 'the site of the nodes')
    .addHelpText('after', EXAMPLE)
    .action(async ({ uses, ttl, labels = {}, names = '', cluster = '', zone = '', site = '' }: Options) => {
      const made = await context.withFleet(async (fleet) => await fleet.call('CreateToken', { uses, ttlMs: ttl, labels: { ...labels }, names, cluster, zone, site }));
      context.show(made, () => [
        ...printFacts([
          ['token', made.token],
          ['ca hash', made.caHash],
          ['valid until', formatMoment(made.expiresUnixMs)],
          ['uses', String(uses)],
        ]),
        '',
        'on each host, as root:',
        '  dpkg -i farrier-agent_*.deb',
        `  farrier-agent enroll --coordinator ${made.enrollAddress} --token ${made.token} --ca-hash ${made.caHash}`,
        '  systemctl start farrier-agent',
      ]);
    });
}

function readUses(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('It has to be a whole number from 1 on.');
  return Number(text);
}

function readTtl(text: string): number {
  const ms = parseDuration(text);
  if (ms === null || ms === 0) throw new InvalidArgumentError('It has to be a duration with its unit, as 30m, 1h or 7d.');
  return ms;
}

function readLabels(text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const pairs = text.split(',').map((pair) => /^([^=]+)=(.*)$/.exec(pair.trim()));
  const labels = pairs.map((pair): readonly [string, string] => {
    if (pair === null) throw new InvalidArgumentError('It has to be key=value, several separated by commas.');
    return [pair[1] ?? '', pair[2] ?? ''];
  });
  return { ...before, ...Object.fromEntries(labels) };
}
