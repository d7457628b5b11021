import type { JournalRecord } from '../../shared/domain/journal-record.ts';
import { journalDurableFiles } from '../adapters/system-durable-files.ts';
import { journalFolder } from '../runner/host.ts';
import { JournalReader } from '../runner/journal-reader.ts';
import { asVerb, complain, misused, readOptions, settingsOf } from './read-options.ts';
import type { Verb } from './verb.ts';

const HELP = `Usage: farrier-agent journal [--json] [--generation N]

What was done to this host, oldest first: the journal that resume, revert and the coordinator's picture rest on.

Example:
  farrier-agent journal --generation 4`;

export const verb: Verb = (_name, args) =>
  asVerb(async () => {
    const { values } = readOptions(args, { generation: { type: 'string' } }, HELP);
    const generation = values['generation']?.toString();
    if (generation !== undefined && !/^\d+$/.test(generation)) throw misused(`--generation takes the number of an assignment, not ${JSON.stringify(generation)}`, HELP);
    const { stateDir } = await settingsOf(values);
    const reader = new JournalReader(journalFolder(stateDir), journalDurableFiles);
    if (reader.error !== null) return complain(`${reader.error.message}; ${reader.error.remedy}`);
    const records = reader.records.filter((record) => generation === undefined || record.generation === Number(generation));
    if (generation !== undefined && records.length === 0) return complain(`the journal of this host has no record of assignment ${generation}; \`farrier-agent journal\` shows all`);
    for (const record of records) process.stdout.write(`${values['json'] === true ? JSON.stringify(record) : line(record)}\n`);
    return 0;
  });

function line({ wallUnixMs, generation, rollout, kind, stepName, attempt, outcome }: JournalRecord): string {
  const when = new Date(wallUnixMs).toISOString();
  const step = stepName === '' ? '' : ` ${stepName}${attempt > 1 ? ` (attempt ${attempt})` : ''}`;
  const ended = outcome === null || outcome.code === 'ok' ? '' : `  ${outcome.code}: ${outcome.message}`;
  return `${when}  ${rollout} #${generation}  ${kind}${step}${ended}`;
}
