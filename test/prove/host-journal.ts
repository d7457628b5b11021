import { parseJournal } from '../../agent/runner/journal-line.ts';
import type { JournalRecord } from '../../shared/domain/journal-record.ts';
import type { Host } from '../fleet/host.ts';

/** The agent's journal as it lies on the host. @throws where it is broken. */
export async function readJournal(host: Host): Promise<readonly JournalRecord[]> {
  const path = '/var/lib/farrier-agent/journal/journal.log';
  const parsed = parseJournal(await host.readFile(path).catch(() => Buffer.alloc(0)), path);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.records;
}

export async function lastSequence(host: Host): Promise<number> {
  return (await readJournal(host)).at(-1)?.sequence ?? 0;
}

/** As the table of a proof shows it: `begin packages`, `done`. */
export function labelOf({ kind, stepName }: JournalRecord): string {
  return `${kind} ${stepName.replace(/-?sample\.service$/, '')}`.trim();
}
