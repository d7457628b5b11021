// Seals one file, as the agent seals what a member of etcd sends, and says what it cost: a process of its own, to be measured.
//   seal-file.ts FROM TO
import { createReadStream } from 'node:fs';

import { generateIdentity } from '../../shared/age/age-keys.ts';
import { openSealedFileSink } from '../../agent/snapshots/sealed/sealed-file-sink.ts';
import { ownPeakMb } from './process-cost.ts';

/** etcd sends messages of this size (server/etcdserver/api/v3rpc/maintenance.go). */
const MESSAGE_BYTES = 32 * 1024;

const [from = '', to = ''] = process.argv.slice(2);
const startedMs = performance.now();
const sink = await openSealedFileSink(to, [generateIdentity().recipient], new AbortController().signal);
for await (const piece of createReadStream(from, { highWaterMark: 8 * MESSAGE_BYTES }) as AsyncIterable<Buffer>) {
  for (let at = 0; at < piece.length; at += MESSAGE_BYTES) await sink.write(piece.subarray(at, at + MESSAGE_BYTES));
}
const written = await sink.finish();
const { userCPUTime, systemCPUTime } = process.resourceUsage();
console.log(JSON.stringify({ written, elapsedMs: performance.now() - startedMs, cpuMs: (userCPUTime + systemCPUTime) / 1000, peakMb: ownPeakMb() }));
