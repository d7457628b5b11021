import { type JournalRecord, RECORD_KINDS } from '../../shared/domain/journal-record.ts';
import { isOutcomeCode } from '../../shared/domain/outcome.ts';

const TEXTS = ['journalId', 'rollout', 'digest', 'stepName', 'payloadDigest', 'bootId'] as const satisfies readonly (keyof JournalRecord)[];
const NUMBERS = ['sequence', 'generation', 'epoch', 'step', 'attempt', 'monotonicMs', 'wallUnixMs'] as const satisfies readonly (keyof JournalRecord)[];

/** @returns what is wrong with a parsed record, '' where nothing is. Unknown fields are nobody's business here. */
export function wrongInRecord(value: unknown): string {
  if (!isRecord(value)) return 'is not an object';
  if (!RECORD_KINDS.some((kind) => kind === value['kind'])) return `kind is ${JSON.stringify(value['kind'])}`;
  const text = TEXTS.find((field) => typeof value[field] !== 'string');
  if (text !== undefined) return `${text} is no text`;
  const number = NUMBERS.find((field) => !Number.isSafeInteger(value[field]));
  if (number !== undefined) return `${number} is no whole number`;
  return wrongInOutcome(value['outcome']);
}

function wrongInOutcome(outcome: unknown): string {
  if (outcome === null) return '';
  const good = isRecord(outcome) && typeof outcome['code'] === 'string' && isOutcomeCode(outcome['code'])
    && typeof outcome['message'] === 'string' && typeof outcome['object'] === 'string';
  return good ? '' : 'outcome is not one that this version knows';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
