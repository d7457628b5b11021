import type { Selector } from '../domain/plan.ts';
import type { Complaints } from './field.ts';
import { field } from './field.ts';
import { quote } from './quote.ts';
import { expected, section } from './section.ts';

const LABEL_KEY = /^[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,126}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;
const LABELS_MAX = 64;

/** Takes the nodes that have all the labels. */
export const EVERY_NODE: Selector = { labels: {} };

export const selector = section({ labels: field(readLabels) });

function readLabels(input: unknown, complaints: Complaints): Readonly<Record<string, string>> {
  const what = 'a mapping of label names to values';
  if (input === undefined) return complaints.stop('missing', `${expected(input, what)}; leave select out to take every node`);
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return complaints.stop('wrong-type', expected(input, what));
  const labels = Object.entries(input);
  if (labels.length === 0) complaints.stop('empty', 'names no label; leave select out to take every node');
  if (labels.length > LABELS_MAX) complaints.stop('too-many', `names ${labels.length} labels; ${LABELS_MAX} is the limit`);
  for (const [key, value] of labels) checkLabel(key, value, complaints);
  return Object.fromEntries(labels.map(([key, value]) => [key, String(value)]));
}

function checkLabel(key: string, value: unknown, { note }: Complaints): void {
  if (!LABEL_KEY.test(key)) note([key], 'bad-name', `${quote(key)} is no label name; it has letters, digits, ".", "_", "-" and "/"`, 'key');
  if (typeof value === 'boolean' || typeof value === 'number') note([key], 'wrong-type', `is ${value}, which YAML does not read as text; put it in quotes`);
  else if (typeof value !== 'string') note([key], 'wrong-type', `is ${quote(value)}; a label's value is text`);
  else if (!LABEL_VALUE.test(value)) note([key], 'bad-name', `is ${quote(value)}; a label's value has at most 63 letters, digits, ".", "_" and "-"`);
}
