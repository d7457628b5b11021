import { setImmediate } from 'node:timers/promises';

import { KineDatabase } from '../../support/kine-server.ts';

/** A program for sqlite-snapshot.test.ts: writes keys as K3s does until it is killed, each revision on a line when it is done. */
const kine = new KineDatabase(process.argv[2] ?? '');
for (let at = 0; ; at += 1) {
  process.stdout.write(`${kine.write(`/registry/events/${process.pid}-${at % 500}`, at % 7 === 6 ? null : Buffer.alloc(1_000, at))}\n`);
  await setImmediate();
}
