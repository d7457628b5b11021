import type { Digest, Epoch, FleetName, Generation, NodeName, RolloutId } from '../domain/ids.ts';
import type { StepSpec } from '../domain/step-spec.ts';
import type { DecodeError } from './decoded.ts';
import { undecodable } from './decoded.ts';
import { digestOf } from './digest-of.ts';
import { FieldCheck, NOT_EMPTY } from './field-check.ts';
import type { Assignment__Output } from './generated/farrier/v1/Assignment.d.ts';
import { decode, encode, farrier } from './protocol.ts';
import type { RevertOf } from './revert-codec.ts';
import { encodeRevertOf, revertFromWire } from './revert-codec.ts';
import { decodeSequence } from './sequence-codec.ts';

/** What one node is to do in one rollout. Times are wall clock, because they cross machines. */
export interface AssignmentSpec extends AssignmentHeader {
  readonly action: AssignmentAction;
  readonly onSilence: 'keep' | 'revert';
  /** 0 where a silent node is kept as it is. */
  readonly silenceMs: number;
}

/** What an agent needs to refuse an assignment that it cannot carry out. */
export interface AssignmentHeader {
  readonly fleet: FleetName;
  readonly node: NodeName;
  readonly rollout: RolloutId;
  readonly generation: Generation;
  readonly epoch: Epoch;
  readonly ledgerSequence: number;
  readonly issuedUnixMs: number;
  readonly expiresUnixMs: number;
}

/** `digest` is of `bytes`, or of the encoded RevertOf: it is computed here and travels nowhere else. */
export type AssignmentAction =
  | { readonly kind: 'sequence'; readonly bytes: Uint8Array; readonly steps: readonly StepSpec[]; readonly digest: Digest }
  | { readonly kind: 'revert'; readonly of: RevertOf; readonly digest: Digest };

export type DecodedAssignment =
  | { readonly ok: true; readonly value: AssignmentSpec }
  /** `header` and `digest` are null where the bytes do not even give those. */
  | { readonly ok: false; readonly error: DecodeError; readonly header: AssignmentHeader | null; readonly digest: Digest | null };

/** Payload of an envelope of type application/vnd.farrier.assignment.v1+protobuf. `steps` and `digest` follow from the bytes. */
export function encodeAssignment(assignment: Omit<AssignmentSpec, 'action'> & { readonly action: EncodableAction }): Buffer {
  const { action } = assignment;
  return encode(farrier.Assignment, {
    ...headerOf(assignment),
    ...(action.kind === 'sequence' ? { sequence: Buffer.from(action.bytes) } : { revert: { ...action.of } }),
    onSilence: assignment.onSilence === 'keep' ? 'ON_SILENCE_KEEP' : 'ON_SILENCE_REVERT',
    silenceMs: assignment.silenceMs,
  });
}

export type EncodableAction = { readonly kind: 'sequence'; readonly bytes: Uint8Array } | { readonly kind: 'revert'; readonly of: RevertOf };

/** Only for bytes whose envelope was verified. Expiry, generation and epoch are the caller's to judge. */
export function decodeAssignment(bytes: Uint8Array): DecodedAssignment {
  let message: Assignment__Output;
  try {
    message = decode(farrier.Assignment, bytes);
  } catch (cause) {
    return { ...undecodable('malformed', '', `not an assignment: ${String(cause)}`), header: null, digest: null };
  }
  const check = new FieldCheck();
  const header = headerFromWire(message, check);
  if (check.error !== null) return { ok: false, error: check.error, header: null, digest: null };
  const action = actionFromWire(message, check);
  if ('error' in action) return { ok: false, error: action.error, header, digest: action.digest };
  const onSilence = ON_SILENCE[message.onSilence as string];
  check.that(onSilence !== undefined, 'onSilence', `is ${message.onSilence}, which this version does not know`);
  check.that(onSilence !== 'revert' || message.silenceMs > 0, 'silenceMs', 'is 0, but a silent node is to revert');
  if (check.error !== null) return { ok: false, error: check.error, header, digest: action.digest };
  return { ok: true, value: { ...header, action, onSilence: onSilence ?? 'keep', silenceMs: message.silenceMs } };
}

function actionFromWire(
  { sequence, revert }: Assignment__Output,
  check: FieldCheck,
): AssignmentAction | { readonly error: DecodeError; readonly digest: Digest | null } {
  if (sequence) {
    const digest = digestOf(sequence);
    const steps = decodeSequence(sequence);
    return steps.ok ? { kind: 'sequence', bytes: sequence, steps: steps.value, digest } : { error: steps.error, digest };
  }
  if (revert) {
    const of = revertFromWire(revert, check);
    return { kind: 'revert', of, digest: digestOf(encodeRevertOf(of)) };
  }
  return { ...undecodable('unknown-action', 'action', 'the assignment asks for something that this version does not know; upgrade the agent first'), digest: null };
}

export function headerFromWire(message: AssignmentHeader, check: FieldCheck): AssignmentHeader {
  check.text(message.fleet, 'fleet', NOT_EMPTY);
  check.text(message.node, 'node', NOT_EMPTY);
  check.text(message.rollout, 'rollout', NOT_EMPTY);
  check.count(message.generation, 'generation', { min: 1 });
  check.count(message.epoch, 'epoch', { min: 1 });
  check.count(message.ledgerSequence, 'ledgerSequence');
  check.count(message.issuedUnixMs, 'issuedUnixMs', { min: 1 });
  check.count(message.expiresUnixMs, 'expiresUnixMs', { min: message.issuedUnixMs });
  return headerOf(message);
}

export function headerOf({ fleet, node, rollout, generation, epoch, ledgerSequence, issuedUnixMs, expiresUnixMs }: AssignmentHeader): AssignmentHeader {
  return { fleet, node, rollout, generation, epoch, ledgerSequence, issuedUnixMs, expiresUnixMs };
}

const ON_SILENCE: Readonly<Record<string, AssignmentSpec['onSilence']>> = { ON_SILENCE_KEEP: 'keep', ON_SILENCE_REVERT: 'revert' };
