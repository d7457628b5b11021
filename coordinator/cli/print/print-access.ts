import type { ListOperatorsResponse__Output, ListTokensResponse__Output } from '../../../shared/wire/messages.ts';
import { formatMoment } from './format-age.ts';
import { printTable } from './print-table.ts';

/** Tokens with what they still let in. */
export function printTokens(tokens: ListTokensResponse__Output['tokens'], nowUnixMs: number): readonly string[] {
  if (tokens.length === 0) return ['no tokens; `farrier token create` makes one'];
  const rows = tokens.map(({ id, uses, used, expiresUnixMs, names, labels, createdBy }) => {
    const until = `${formatMoment(expiresUnixMs)}${expiresUnixMs <= nowUnixMs ? ' (expired)' : ''}`;
    return [id, `${used} of ${uses}`, until, names, Object.entries(labels).map(([key, value]) => `${key}=${value}`).join(','), createdBy];
  });
  return printTable(['TOKEN', 'USED', 'VALID UNTIL', 'NAMES', 'LABELS', 'BY'], rows);
}

export function printOperators(operators: ListOperatorsResponse__Output['operators']): readonly string[] {
  if (operators.length === 0) return ['no operators; `farrier operator create` makes one'];
  return printTable(['OPERATOR', 'ROLE', 'VALID UNTIL'], operators.map(({ name, role, expiresUnixMs }) => [name, role, formatMoment(expiresUnixMs)]));
}
