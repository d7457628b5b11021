import type { Epoch, FleetName, NodeName } from '../../shared/domain/ids.ts';
import type { Outcome } from '../../shared/domain/journal-record.ts';
import type { SnapshotCommand, SnapshotCommandId } from '../../shared/domain/snapshot-command.ts';
import type { Decoded } from '../../shared/wire/decoded.ts';

export interface SnapshotCommandView {
  readonly fleet: FleetName;
  readonly node: NodeName;
  readonly nowUnixMs: number;
  /** That ever commanded this host, by assignment or otherwise. */
  readonly highestEpoch: Epoch;
  /** Those that this host remembers. */
  readonly known: ReadonlySet<SnapshotCommandId>;
}

export type SnapshotAdmission =
  | { readonly kind: 'accept'; readonly command: SnapshotCommand }
  /** Sent again: what became of it is told when it is over. */
  | { readonly kind: 'known'; readonly command: SnapshotCommand }
  | { readonly kind: 'refuse'; readonly outcome: Outcome };

/** Judges a command whose signature was verified. */
export function admitSnapshotCommand(decoded: Decoded<SnapshotCommand>, view: SnapshotCommandView): SnapshotAdmission {
  if (!decoded.ok) return refuse('unknown-step-kind', `the command of snapshots cannot be read: ${decoded.error.field} ${decoded.error.message}`);
  const command = decoded.value;
  if (command.fleet !== view.fleet || command.node !== view.node) return refuse('wrong-node', `the command is for ${command.fleet}/${command.node}, this host is ${view.fleet}/${view.node}`);
  if (command.epoch < view.highestEpoch) return refuse('epoch-stale', `epoch ${command.epoch} was signed by a leader that epoch ${view.highestEpoch} deposed`);
  if (view.known.has(command.id)) return { kind: 'known', command };
  if (view.nowUnixMs > command.expiresUnixMs) {
    return refuse('permit-expired', `the command expired ${Math.ceil((view.nowUnixMs - command.expiresUnixMs) / 1000)} s ago by this host’s clock; compare the clocks`);
  }
  return { kind: 'accept', command };
}

function refuse(code: Outcome['code'], message: string): SnapshotAdmission {
  return { kind: 'refuse', outcome: { code, message, object: '' } };
}
