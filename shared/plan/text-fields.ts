import { didYouMean } from './did-you-mean.ts';
import type { Complaints } from './field.ts';
import { field } from './field.ts';
import { quote } from './quote.ts';
import { expected } from './section.ts';

/** Text that matches a pattern; `what` says what it is and how it is written. */
export function name(pattern: RegExp, what: string) {
  return field((input, complaints) => asName(input, pattern, what, complaints));
}

function asName(input: unknown, pattern: RegExp, what: string, complaints: Pick<Complaints, 'stop'>): string {
  const text = asText(input, what, complaints);
  return pattern.test(text) ? text : complaints.stop('bad-name', `is ${quote(text)}; it has to be ${what}`);
}

/** One word of a closed list. */
export function choice<const Word extends string>(words: readonly Word[]) {
  const what = words.map((word) => quote(word)).join(' or ');
  return field((input, complaints): Word => {
    const text = asText(input, what, complaints);
    const found = words.find((word) => word === text);
    return found ?? complaints.stop('not-allowed', `is ${quote(text)};${didYouMean(text, words)} it has to be ${what}`);
  });
}

/** `apiVersion` and `kind`: a wrong one means that the whole file is meant for something else. */
export function exactly(word: string, remedies: Readonly<Record<string, string>> = {}) {
  return field((input, complaints): string => {
    const text = asText(input, quote(word), complaints);
    if (text === word) return word;
    const remedy = Object.hasOwn(remedies, text) ? `; ${remedies[text]}` : '';
    return complaints.stop('wrong-kind', `is ${quote(text)}; it has to be ${quote(word)}${remedy}`);
  });
}

/** YAML reads 1.10 as a number and `true` as a truth value: what was meant is known only to the writer. */
function asText(input: unknown, what: string, { stop }: Pick<Complaints, 'stop'>): string {
  if (typeof input === 'string' && input !== '') return input;
  if (input === undefined) return stop('missing', expected(input, what));
  if (typeof input === 'number' || typeof input === 'boolean') return stop('wrong-type', `is ${input}, which YAML does not read as text; put it in quotes`);
  return stop(input === null || input === '' ? 'empty' : 'wrong-type', `is ${input === '' ? 'empty' : quote(input)}; it has to be ${what}`);
}
