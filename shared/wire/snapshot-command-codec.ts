import { PROOF_TOOLS, type ProofToolRef, RECIPIENTS_MAX, SNAPSHOT_COMMAND_ID_PATTERN, type SnapshotAction, type SnapshotCommand } from '../domain/snapshot-command.ts';
import { SNAPSHOT_ID_PATTERN } from '../domain/snapshot.ts';
import { type Decoded, decoded, undecodable } from './decoded.ts';
import { DIGEST_PATTERN, FieldCheck, NOT_EMPTY } from './field-check.ts';
import type { ProveSnapshot__Output } from './generated/farrier/v1/ProveSnapshot.d.ts';
import type { SnapshotCommand as SnapshotCommandMessage, SnapshotCommand__Output } from './generated/farrier/v1/SnapshotCommand.d.ts';
import { decode, encode, farrier } from './protocol.ts';
import { fromSnapshotMessage, toSnapshotMessage } from './snapshot-codec.ts';

/** As age writes an X25519 recipient. */
const RECIPIENT = /^age1[0-9a-z]{58}$/;

/** Payload of an envelope of type application/vnd.farrier.snapshot-command.v1+protobuf. */
export function encodeSnapshotCommand({ action, ...header }: SnapshotCommand): Buffer {
  return encode(farrier.SnapshotCommand, { ...header, ...actionToWire(action) });
}

/** Only for bytes whose envelope was verified. Fleet, node, expiry and epoch are the caller's to judge. */
export function decodeSnapshotCommand(bytes: Uint8Array): Decoded<SnapshotCommand> {
  let message: SnapshotCommand__Output;
  try {
    message = decode(farrier.SnapshotCommand, bytes);
  } catch (cause) {
    return undecodable('malformed', '', `not a command: ${String(cause)}`);
  }
  const check = new FieldCheck();
  const { id, fleet, node, epoch, issuedUnixMs, expiresUnixMs } = message;
  check.text(id, 'id', SNAPSHOT_COMMAND_ID_PATTERN);
  check.text(fleet, 'fleet', NOT_EMPTY);
  check.text(node, 'node', NOT_EMPTY);
  check.count(epoch, 'epoch', { min: 1 });
  check.count(issuedUnixMs, 'issuedUnixMs', { min: 1 });
  check.count(expiresUnixMs, 'expiresUnixMs', { min: issuedUnixMs });
  const action = actionFromWire(message, check);
  if (action === null) return undecodable('unknown-action', 'action', 'the command asks for something that this version does not know; upgrade the agent first');
  return check.error === null ? decoded({ id, fleet, node, epoch, issuedUnixMs, expiresUnixMs, action }) : { ok: false, error: check.error };
}

function actionToWire(action: SnapshotAction): Pick<SnapshotCommandMessage, 'take' | 'prove' | 'send' | 'delete'> {
  switch (action.kind) {
    case 'take':
      return { take: { cluster: action.cluster, recipients: [...action.recipients], prove: action.prove } };
    case 'prove':
      return { prove: { snapshot: toSnapshotMessage(action.snapshot), tools: action.tools.map((tool) => ({ ...tool })) } };
    case 'send':
      return { send: { snapshot: action.snapshot } };
    case 'delete':
      return { delete: { snapshot: action.snapshot } };
  }
}

function actionFromWire({ take, prove, send, delete: remove }: SnapshotCommand__Output, check: FieldCheck): SnapshotAction | null {
  if (take) {
    const { cluster, recipients, prove: atOnce } = take;
    check.count(recipients.length, 'take.recipients', { max: RECIPIENTS_MAX });
    for (const recipient of recipients) check.text(recipient, 'take.recipients', RECIPIENT);
    return { kind: 'take', cluster, recipients, prove: atOnce };
  }
  if (prove) return { kind: 'prove', ...proveFromWire(prove, check) };
  const named = send ?? remove;
  if (!named) return null;
  check.text(named.snapshot, 'snapshot', SNAPSHOT_ID_PATTERN);
  return { kind: send ? 'send' : 'delete', snapshot: named.snapshot };
}

function proveFromWire({ snapshot, tools }: ProveSnapshot__Output, check: FieldCheck): Omit<Extract<SnapshotAction, { readonly kind: 'prove' }>, 'kind'> {
  check.that(snapshot !== null, 'prove.snapshot', 'is missing');
  check.count(tools.length, 'prove.tools', { max: PROOF_TOOLS.length });
  const record = fromSnapshotMessage(snapshot ?? EMPTY, 'prove.snapshot', check);
  return {
    snapshot: record,
    tools: tools.map(({ name, sha256, size }): ProofToolRef => {
      const known = PROOF_TOOLS.find((tool) => tool === name);
      check.that(known !== undefined, 'prove.tools', `is none of ${PROOF_TOOLS.join(', ')}`);
      check.text(sha256, 'prove.tools.sha256', DIGEST_PATTERN);
      check.count(size, 'prove.tools.size', { min: 1 });
      return { name: known ?? 'etcd', sha256, size };
    }),
  };
}

/** Fails every check of its fields. */
const EMPTY = decode(farrier.Snapshot, Buffer.alloc(0));
