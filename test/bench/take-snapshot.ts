// Takes one snapshot of a member of etcd, as the agent does, and says what it cost: a process of its own, to be measured or killed.
//   take-snapshot.ts PLACE_JSON FOLDER NAME [MAX_BYTES_PER_S] [AGE_RECIPIENT]; an empty text is none
import { grpcEtcdMember } from '../../agent/adapters/etcd/grpc-etcd-member.ts';
import type { EtcdPlace } from '../../agent/ports/etcd.ts';
import { openPlainFileSink } from '../../agent/snapshots/plain-file-sink.ts';
import { parseRecipient } from '../../shared/age/age-keys.ts';
import { openSealedFileSink } from '../../agent/snapshots/sealed/sealed-file-sink.ts';
import { takeEtcdSnapshot, type TakeOrder } from '../../agent/snapshots/take-etcd-snapshot.ts';
import { systemClock } from '../../shared/ports/system-clock.ts';
import { ownPeakMb } from './process-cost.ts';

const [place = '', folder = '', name = '', maxBytesPerS = '', recipient = ''] = process.argv.slice(2);
const member = grpcEtcdMember(JSON.parse(place) as EtcdPlace, systemClock);
const startedMs = performance.now();
const taken = await takeEtcdSnapshot(
  { member, folder, name, maxBytesPerS: maxBytesPerS === '' ? null : Number(maxBytesPerS), openSink: recipient === '' ? openPlainFileSink : sealedFor(recipient), clock: systemClock },
  new AbortController().signal,
);
const { userCPUTime, systemCPUTime } = process.resourceUsage();
console.log(JSON.stringify({ taken, elapsedMs: performance.now() - startedMs, cpuMs: (userCPUTime + systemCPUTime) / 1000, peakMb: ownPeakMb() }));
process.exitCode = taken.ok ? 0 : 1;

function sealedFor(text: string): TakeOrder['openSink'] & {} {
  const parsed = parseRecipient(text);
  if (!parsed.ok) throw new Error(parsed.message);
  return (path, signal) => openSealedFileSink(path, [parsed.recipient], signal);
}
