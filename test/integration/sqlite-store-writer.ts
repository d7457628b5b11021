import { openSqliteStore } from '../../coordinator/adapters/sqlite-store.ts';
import { systemClock } from '../../shared/ports/system-clock.ts';

/** A program for sqlite-store-process.test.ts: appends until it is killed and writes each acknowledged sequence on a line. */
const store = await openSqliteStore({ dataFolder: process.argv[2] ?? '', clock: systemClock });
let last = (await store.read('ledger', 0)).length;
for (;;) {
  const result = await store.append('ledger', last, [{ part: 1, of: last }, { part: 2, of: last }]);
  if (!result.ok) throw new Error('nobody else writes here');
  last = result.sequence;
  process.stdout.write(`${last}\n`);
}
