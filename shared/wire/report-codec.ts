import { GENERATION_MAX } from '../domain/ids.ts';
import type { JournalRecord, Outcome, RecordKind } from '../domain/journal-record.ts';
import { RECORD_KINDS, WHOLE_SEQUENCE } from '../domain/journal-record.ts';
import { isOutcomeCode } from '../domain/outcome.ts';
import type { Decoded } from './decoded.ts';
import { decoded, undecodable } from './decoded.ts';
import { DIGEST_PATTERN, FieldCheck, NOT_EMPTY } from './field-check.ts';
import type { Outcome__Output } from './generated/farrier/v1/Outcome.d.ts';
import type { Report, Report__Output } from './generated/farrier/v1/Report.d.ts';

const MESSAGE_MAX = 500;

/**
 * A journal record as it leaves the host, as a message of AgentLink. `payloadDigest` stays in the journal.
 * The outcome's message was redacted by whoever wrote it; here it is only kept to one bounded line.
 */
export function toReport(record: JournalRecord): Report {
  const { format, journalId, sequence, rollout, generation, epoch, step, attempt, bootId, monotonicMs, wallUnixMs, digest, stepName } = record;
  return {
    format,
    journalId,
    sequence,
    rollout,
    generation,
    epoch,
    step,
    attempt,
    bootId,
    monotonicMs,
    wallUnixMs,
    digest,
    stepName,
    kind: `RECORD_KIND_${record.kind.toUpperCase() as Uppercase<RecordKind>}`,
    outcome: record.outcome === null ? null : { code: record.outcome.code, message: oneLine(record.outcome.message), object: oneLine(record.outcome.object) },
  };
}

/** @returns the record with an empty `payloadDigest`, which does not travel. */
export function fromReport(report: Report__Output): Decoded<JournalRecord> {
  const check = new FieldCheck();
  const kind = KINDS[report.kind as string];
  if (kind === undefined) return undecodable('unknown-record-kind', 'kind', `a record of kind ${report.kind}, which this version does not know; upgrade the coordinator first`);
  const { format, journalId, sequence, rollout, generation, epoch, step, attempt, bootId, monotonicMs, wallUnixMs, digest, stepName } = report;
  check.count(format, 'format', { min: 1 });
  check.text(journalId, 'journalId', NOT_EMPTY);
  check.count(sequence, 'sequence', { min: 1 });
  check.text(rollout, 'rollout', NOT_EMPTY);
  check.count(generation, 'generation', { min: 1, max: GENERATION_MAX });
  check.count(epoch, 'epoch');
  check.count(step, 'step', { min: WHOLE_SEQUENCE });
  check.count(attempt, 'attempt');
  check.count(monotonicMs, 'monotonicMs');
  check.count(wallUnixMs, 'wallUnixMs');
  check.that(stepName.length <= 160 && stepName === oneLine(stepName), 'stepName', 'is longer than 160 characters or holds control characters');
  check.that(bootId.length <= 64, 'bootId', 'is longer than 64 characters');
  check.that(digest === '' || DIGEST_PATTERN.test(digest), 'digest', 'is not a sha256 in hex');
  if (check.error !== null) return { ok: false, error: check.error };
  return decoded({
    format,
    journalId,
    sequence,
    kind,
    rollout,
    generation,
    epoch,
    digest,
    step,
    stepName,
    attempt,
    bootId,
    monotonicMs,
    wallUnixMs,
    payloadDigest: '',
    outcome: outcomeFrom(report.outcome),
  });
}

/** An agent one minor newer may know outcomes that we do not: they blame the host, so that nothing is quarantined for them. */
function outcomeFrom(outcome: Outcome__Output | null): Outcome | null {
  if (outcome === null || outcome.code === '') return null;
  const message = oneLine(outcome.message);
  const object = oneLine(outcome.object);
  if (isOutcomeCode(outcome.code)) return { code: outcome.code, message, object };
  return { code: 'internal-error', message: oneLine(`outcome ${outcome.code}, unknown to this version: ${message}`), object };
}

/** Control characters could repaint a terminal that shows the message. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ').slice(0, MESSAGE_MAX).toWellFormed();
}

const KINDS: Readonly<Record<string, RecordKind>> = Object.fromEntries(RECORD_KINDS.map((kind) => [`RECORD_KIND_${kind.toUpperCase()}`, kind]));
