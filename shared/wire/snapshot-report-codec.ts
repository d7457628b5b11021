import { SNAPSHOT_CODES, SNAPSHOT_COMMAND_ID_PATTERN, type SnapshotOutcome, type SnapshotProgress } from '../domain/snapshot-command.ts';
import { newestFirst, type SnapshotRecord } from '../domain/snapshot.ts';
import type { Envelope } from '../trust/envelope.ts';
import { type Decoded, decoded } from './decoded.ts';
import { FieldCheck } from './field-check.ts';
import type { AgentMessage, AgentMessage__Output } from './messages.ts';
import { fromSnapshotMessage, toSnapshotMessage } from './snapshot-codec.ts';

type Told<Field extends keyof AgentMessage__Output> = NonNullable<AgentMessage__Output[Field]>;

/** A host that keeps more tells the newest of them. */
export const CATALOGUE_MAX = 256;
const MESSAGE_MAX = 2_000;

export function toCatalogueMessage(records: readonly SnapshotRecord[]): NonNullable<AgentMessage['snapshots']> {
  return { snapshots: newestFirst(records).slice(0, CATALOGUE_MAX).map(toSnapshotMessage) };
}

export function fromCatalogueMessage({ snapshots }: Told<'snapshots'>): Decoded<readonly SnapshotRecord[]> {
  const check = new FieldCheck();
  check.count(snapshots.length, 'snapshots', { max: CATALOGUE_MAX });
  check.count(snapshots.length - new Set(snapshots.map(({ id }) => id)).size, 'snapshots that share an id', { max: 0 });
  const records = snapshots.map((snapshot, index) => fromSnapshotMessage(snapshot, `snapshots[${index}]`, check));
  return check.error === null ? decoded(records) : { ok: false, error: check.error };
}

/** @param proof signed by this node; null where there is none */
export function toOutcomeMessage({ command, code, message, snapshot, fetchMs }: SnapshotOutcome, proof: Envelope | null): NonNullable<AgentMessage['snapshotOutcome']> {
  return { command, code, message: message.slice(0, MESSAGE_MAX), snapshot: snapshot === null ? null : toSnapshotMessage(snapshot), proof, fetchMs };
}

/** The proof is as it came: nothing of it was verified. */
export function fromOutcomeMessage(message: Told<'snapshotOutcome'>): Decoded<{ readonly outcome: SnapshotOutcome; readonly proof: Envelope | null }> {
  const check = new FieldCheck();
  const { command, snapshot, proof, fetchMs } = message;
  check.text(command, 'command', SNAPSHOT_COMMAND_ID_PATTERN);
  const code = SNAPSHOT_CODES.find((known) => known === message.code);
  check.that(code !== undefined, 'code', 'is none that this version knows');
  check.count(message.message.length, 'message', { max: MESSAGE_MAX });
  check.count(fetchMs, 'fetchMs');
  const record = snapshot === null ? null : fromSnapshotMessage(snapshot, 'snapshot', check);
  if (check.error !== null) return { ok: false, error: check.error };
  return decoded({ outcome: { command, code: code ?? 'refused', message: message.message, snapshot: record, fetchMs }, proof });
}

/** Null where it makes no sense: progress is for people alone. */
export function fromProgressMessage({ command, doing }: Told<'snapshotProgress'>): SnapshotProgress | null {
  return SNAPSHOT_COMMAND_ID_PATTERN.test(command) && DOING.test(doing) ? { command, doing } : null;
}

const DOING = /^[\x20-\x7e]{1,200}$/;
