import { z } from 'zod';

import { didYouMean } from './did-you-mean.ts';
import { quote } from './quote.ts';

/**
 * A mapping with known keys. `elsewhere` names keys that people write here by mistake and where they belong, `nowhere` those that
 * belong in no file, and why.
 * For several unknown keys the message holds one line a key, in the order of the issue's `keys`.
 */
export function section<Shape extends z.ZodRawShape>(shape: Shape, elsewhere: Readonly<Record<string, string>> = {}, nowhere: Readonly<Record<string, string>> = {}) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(key, known, elsewhere, nowhere)).join('\n');
      return expected(issue.input, `a mapping with the keys ${known.join(', ')}`);
    },
  });
}

/** A list of whatever `item` reads. */
export function list<Item extends z.ZodType>(item: Item, what: string, { min, max }: { readonly min: number; readonly max: number }) {
  return z
    .array(item, { error: (issue) => expected(issue.input, `a list of ${what}`) })
    .min(min, { error: `is empty; at least ${min} of ${what} has to stand here` })
    .max(max, { error: `has more than ${max} entries, which is the limit; split it` });
}

export function expected(input: unknown, what: string): string {
  if (input === undefined) return `is missing; it has to be ${what}`;
  return `is ${quote(input)}; it has to be ${what}`;
}

function unknownKey(key: string, known: readonly string[], elsewhere: Readonly<Record<string, string>>, nowhere: Readonly<Record<string, string>>): string {
  const home = Object.hasOwn(elsewhere, key) ? elsewhere[key] : undefined;
  if (home !== undefined) return `${quote(key)} does not belong here; move it under ${home}`;
  if (Object.hasOwn(nowhere, key)) return `${quote(key)} ${nowhere[key]}`;
  return `${quote(key)} is not known here;${didYouMean(key, known)} the known keys are ${known.join(', ')}`;
}
