import { readFile } from 'node:fs/promises';

import type { SnapshotId } from '../../../shared/domain/snapshot.ts';
import { writeDurably } from '../../../shared/files/write-durably.ts';
import type { EnvelopeJson } from '../../../shared/trust/envelope-json.ts';
import type { SnapshotWork } from './snapshot-work.ts';

/** How one piece of work began and ended, whoever asked for it. */
export interface SnapshotOutcome extends Pick<SnapshotWork, 'kind' | 'by'> {
  readonly work: SnapshotWork['id'];
  readonly startedUnixMs: number;
  /** Null while it runs, and for ever where it was killed. */
  readonly endedUnixMs: number | null;
  /** `ok`, `running`, or what went wrong. */
  readonly code: string;
  /** For people: what was done, or cause and remedy. */
  readonly message: string;
  /** That was taken or proved. A taking whose proof failed has one, and a code that is not `ok`. */
  readonly snapshot: SnapshotId | null;
  /** That this host signed; null where there is none, or no identity to sign it with. */
  readonly proof: EnvelopeJson | null;
  /** Of a check, and of a deletion: each snapshot of it. */
  readonly each: readonly EachOutcome[];
}

export interface EachOutcome {
  readonly id: SnapshotId;
  readonly code: string;
  readonly message: string;
}

/** A command that comes again within so many is known. */
const KEPT_MAX = 64;
const EACH_MAX = 50;

/** The newest first; none where the file is not there or makes no sense: then snapshots are taken rather than not. */
export async function readOutcomes(path: string): Promise<readonly SnapshotOutcome[]> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    return Array.isArray(value) && value.every(isOutcome) ? value : [];
  } catch {
    return [];
  }
}

/** Replaces what was kept of the same work. One writer at a time. */
export async function keepOutcome(path: string, outcome: SnapshotOutcome): Promise<void> {
  const others = (await readOutcomes(path)).filter(({ work }) => work !== outcome.work);
  const kept = [{ ...outcome, each: outcome.each.slice(0, EACH_MAX) }, ...others].slice(0, KEPT_MAX);
  await writeDurably(path, `${JSON.stringify(kept)}\n`);
}

function isOutcome(value: unknown): value is SnapshotOutcome {
  const { work, startedUnixMs, code, message, each } = (value ?? {}) as Partial<Record<keyof SnapshotOutcome, unknown>>;
  return typeof work === 'string' && typeof startedUnixMs === 'number' && typeof code === 'string' && typeof message === 'string' && Array.isArray(each);
}
