import { printTable } from '../../coordinator/cli/print/print-table.ts';
import type { Seen } from '../run/tally-tests.ts';
import type { SeenTable } from './play-tests.ts';

/** What a test saw, as rows of a table of that name. Every row of a table has the same columns. */
export interface EtcdSaw {
  readonly table: string;
  readonly rows: readonly Readonly<Record<string, string | number>>[];
}

/** A table for each name, in the order in which they were seen. @param wanted each of these has to have rows. */
export function tablesOf(wanted: readonly string[], seen: readonly Seen[]): SeenTable {
  const told = seen.map(({ is, saw }) => ({ result: is === 'passed' ? 'ok' : 'FAILED', ...(saw as EtcdSaw) }));
  const names = [...new Set(told.map(({ table }) => table))];
  return {
    lines: names.flatMap((name) => {
      const rows = told.filter(({ table }) => table === name).flatMap(({ rows: of, result }) => of.map((row) => ({ ...row, RESULT: result })));
      const columns = Object.keys(rows[0] ?? {});
      return ['', name, ...printTable(columns, rows.map((row) => columns.map((column) => String((row as Record<string, string | number>)[column] ?? ''))))];
    }),
    problems: wanted.filter((name) => !told.some(({ table, rows }) => table === name && rows.length > 0)).map((name) => `NOT SEEN: ${name}`),
  };
}
