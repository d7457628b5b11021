import { randomBytes } from 'node:crypto';

import { openFolder } from '../../../agent/snapshots/catalogue/open-folder.ts';
import { SnapshotCatalogue } from '../../../agent/snapshots/catalogue/snapshot-catalogue.ts';
import { openPlainFileSink } from '../../../agent/snapshots/plain-file-sink.ts';
import { exampleProof, exampleSnapshot } from '../../support/example-snapshot.ts';

/** A program for catalogue-process.test.ts: takes, proves and removes snapshots until it is killed, and writes each thing on a line when it is done. */
const catalogue = new SnapshotCatalogue(await openFolder(process.argv[2] ?? ''));
const { signal } = new AbortController();
const say = (line: string): boolean => process.stdout.write(`${line}\n`);
await catalogue.removeHalfWritten();
for (const { file } of (await catalogue.list()).problems) await catalogue.remove(file.replace(/\..*/, ''));

for (let count = 0; ; count += 1) {
  const id = `${Date.now()}-${count}`;
  const sink = await openPlainFileSink(catalogue.pathOf(id), signal);
  await sink.write(randomBytes(100_000));
  const { plain, sealed } = await sink.finish();
  const record = exampleSnapshot({ id, plain, sealed, takenUnixMs: count });
  await catalogue.put(record);
  say(`put ${id}`);
  await catalogue.put({ ...record, proof: exampleProof(count) });
  say(`proved ${id}`);
  const oldest = (await catalogue.list()).records[0];
  if (count < 3 || oldest === undefined) continue;
  say(`removing ${oldest.id}`);
  await catalogue.remove(oldest.id);
}
