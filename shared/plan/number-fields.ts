import type { Share } from '../domain/plan.ts';
import type { Complaints } from './field.ts';
import { field } from './field.ts';
import { formatDuration, parseDuration } from './duration.ts';
import { quote } from './quote.ts';
import { expected } from './section.ts';

export function wholeNumber({ min, max }: Range) {
  return field((input, complaints) => asWholeNumber(input, { min, max }, `a whole number from ${min} to ${max}`, complaints));
}

/** A number of nodes, or a percentage of those in the scope. */
export function share() {
  return field((input, complaints): Share => {
    if (typeof input !== 'string') return { unit: 'nodes', value: asWholeNumber(input, { min: 1, max: NODES_MAX }, SHARE, complaints) };
    const percent = /^(\d{1,9})%$/.exec(input);
    if (percent === null) return complaints.stop('wrong-type', `is ${quote(input)}; it has to be ${SHARE}`);
    const value = Number(percent[1]);
    if (value < 1 || value > 100) complaints.stop('out-of-range', `is ${input}; a percentage goes from 1% to 100%`);
    return { unit: 'percent', value };
  });
}

/** @returns milliseconds. */
export function duration({ min, max }: Range) {
  const range = `from ${formatDuration(min)} to ${formatDuration(max)}`;
  const what = `a duration with its unit, as 30s, 5m or 2h, ${range}`;
  return field((input, complaints): number => {
    if (input === undefined) return complaints.stop('missing', expected(input, what));
    if (input === null) return complaints.stop('empty', expected(input, what));
    const ms = parseDuration(String(input));
    if (typeof input === 'number') return complaints.stop('bad-duration', `is ${input} without a unit; write ${input}s, ${input}m or ${input}h`);
    if (ms === null) return complaints.stop('bad-duration', `is ${quote(input)}; it has to be ${what}`);
    if (ms < min || ms > max) return complaints.stop('out-of-range', `is ${quote(input)}; it has to be ${range}`);
    return ms;
  });
}

interface Range {
  readonly min: number;
  readonly max: number;
}

const NODES_MAX = 1_000_000;
const SHARE = 'a whole number of nodes, as 2, or a percentage, as 40%';

function asWholeNumber(input: unknown, { min, max }: Range, what: string, { stop }: Complaints): number {
  if (input === undefined) return stop('missing', expected(input, what));
  if (input === null) return stop('empty', expected(input, what));
  if (typeof input === 'string' && /^\d+$/.test(input)) return stop('wrong-type', `is the text ${quote(input)}; write the number without quotes`);
  if (typeof input !== 'number') return stop('wrong-type', expected(input, what));
  if (!Number.isInteger(input) || input < min || input > max) return stop('out-of-range', `is ${input}; it has to be ${what}`);
  return input;
}
