// Writes to members of etcd until its standard input ends, then reads every acknowledged write back from each of them.
// Arguments: the folder of a client's certificate, then the addresses. Writes one line of JSON: an EtcdWritten.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { grpcEtcdMember } from '../../agent/adapters/etcd/grpc-etcd-member.ts';
import type { EtcdPlace } from '../../agent/ports/etcd.ts';
import { systemClock } from '../../shared/ports/system-clock.ts';
import { type AcknowledgedPut, startEtcdWriter } from '../support/etcd-writer.ts';

export interface EtcdWritten {
  readonly acknowledged: number;
  /** Nobody said whether they stand there. */
  readonly unknown: number;
  /** Over all lanes. */
  readonly longestPauseMs: number;
  /** By address: acknowledged, and not there, or with another value. */
  readonly missing: Readonly<Record<string, number>>;
}

const PREFIX = '/written';
const LOOK_EVERY_MS = 10;
const READ_MAX = 100_000;
const never = new AbortController().signal;

const [folder = '', ...endpoints] = process.argv.slice(2);
const places = endpoints.map((endpoint): EtcdPlace => ({ endpoint, caFile: join(folder, 'ca.crt'), certificateFile: join(folder, 'client.crt'), keyFile: join(folder, 'client.key') }));
const writer = startEtcdWriter(places, PREFIX);
let isOver = false;
process.stdin.resume().once('end', () => (isOver = true));

let [longestPauseMs, count, sinceMs] = [0, 0, performance.now()];
while (!isOver) {
  await sleep(LOOK_EVERY_MS);
  const nowMs = performance.now();
  if (writer.acknowledged.length > count) [count, sinceMs] = [writer.acknowledged.length, nowMs];
  longestPauseMs = Math.max(longestPauseMs, nowMs - sinceMs);
}
await writer.stop();
const missing: Record<string, number> = {};
for (const place of places) missing[place.endpoint] = await missingAt(place, writer.acknowledged);
const written: EtcdWritten = { acknowledged: writer.acknowledged.length, unknown: writer.unknown(), longestPauseMs: Math.round(longestPauseMs), missing };
process.stdout.write(`${JSON.stringify(written)}\n`);

/** What this member itself holds, once it has caught up. */
async function missingAt(place: EtcdPlace, puts: readonly AcknowledgedPut[]): Promise<number> {
  const member = grpcEtcdMember(place, systemClock);
  const found = new Map<string, string>();
  for (const lane of new Set(puts.map(({ key }) => key.slice(0, key.indexOf('-') + 1)))) {
    const caughtUp = await member.keys({ prefix: lane, limit: 0, revision: 0, serializable: false }, never);
    if (!caughtUp.ok) throw new Error(caughtUp.message);
    const read = await member.keys({ prefix: lane, limit: READ_MAX, revision: 0, serializable: true }, never);
    if (!read.ok) throw new Error(read.message);
    for (const { key, value } of read.value.keys) found.set(key.toString(), value.toString());
  }
  return puts.filter(({ key, value }) => found.get(key) !== value).length;
}
