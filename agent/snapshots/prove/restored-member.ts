import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import { redactLine } from '../../../shared/domain/redact.ts';
import type { Clock } from '../../../shared/ports/clock.ts';
import { failure, type Failure } from '../../../shared/trust/failure.ts';
import type { EtcdReads, EtcdStatus } from '../../ports/etcd.ts';
import type { ProgramResult } from '../../ports/programs.ts';
import type { ScratchPlace, ScratchProgram, ScratchPrograms } from '../../ports/scratch-programs.ts';
import type { ProofTools } from './proof-tools.ts';

const NAME = 'farrier-proof';
/**
 * Sockets in the folder, which only root can enter: on a port every user of the host could read what was restored. etcd before
 * 3.5 wants a port in any address (pkg/types/urls.go), and makes it part of the name.
 */
const CLIENT = 'client:1';
const PEER_URL = 'unix://peer:1';
/** The most that etcd is made for: it must not refuse what it once held. */
const QUOTA_BYTES = 8 * 1024 ** 3;
const LOOK_AGAIN_MS = 50;
const NO_SPACE = /no space left on device/i;

export function socketIn(folder: string): string {
  return join(folder, CLIENT);
}

/** Makes the data of a new cluster of one member. Nothing is raised or compacted: it is to be the same as before. */
export async function restore({ restore: tool }: ProofTools, snapshot: string, programs: ScratchPrograms, place: ScratchPlace, signal: AbortSignal): Promise<Failure<'restore-failed' | 'no-room'> | null> {
  const result = await programs.start([
    tool.path, 'snapshot', 'restore', snapshot, '--data-dir', dataIn(place.folder), '--name', NAME, '--initial-cluster', `${NAME}=${PEER_URL}`, '--initial-advertise-peer-urls', PEER_URL,
    '--initial-cluster-token', `${NAME}-${randomBytes(16).toString('hex')}`,
  ], place, signal).ended;
  if (result.code === 0) return null;
  if (NO_SPACE.test(result.stderr)) return failure('no-room', `the disk of ${place.folder} became full while ${tool.says} restored the snapshot; free space, or set another scratch folder`);
  return failure('restore-failed', `${tool.says} does not restore the snapshot, it ended with ${lastWords(result)}; take another snapshot, and see what the member's log says of its database`);
}

/** Starts etcd on what was restored. It talks to nobody, and only root can talk to it. */
export function startRestored({ server }: ProofTools, programs: ScratchPrograms, place: ScratchPlace, signal: AbortSignal): ScratchProgram {
  const clientUrl = `unix://${CLIENT}`;
  return programs.start([
    server.path, '--name', NAME, '--data-dir', dataIn(place.folder), '--logger', 'zap', '--log-outputs', 'stderr', '--enable-grpc-gateway=false', `--quota-backend-bytes=${QUOTA_BYTES}`,
    '--listen-client-urls', clientUrl, '--advertise-client-urls', clientUrl, '--listen-peer-urls', PEER_URL, '--initial-advertise-peer-urls', PEER_URL, '--initial-cluster', `${NAME}=${PEER_URL}`,
  ], place, signal);
}

/** Waits until it answers, for as long as it runs. @throws the signal's reason */
export async function answered(member: EtcdReads, { server }: ProofTools, { ended }: ScratchProgram, clock: Clock, signal: AbortSignal): Promise<EtcdStatus | Failure<'start-failed'>> {
  let end: () => ProgramResult | null = () => null;
  ended.then(
    (result) => (end = () => result),
    (error: unknown) => (end = () => { throw error; }),
  );
  for (;;) {
    signal.throwIfAborted();
    const result = end();
    if (result !== null) return failure('start-failed', `${server.says} does not run on what was restored, it ended with ${lastWords(result)}; take another snapshot, and see what the member's log says of its database`);
    const status = await member.status(signal);
    if (status.ok) return status.value;
    await clock.sleep(LOOK_AGAIN_MS, signal);
  }
}

function dataIn(folder: string): string {
  return join(folder, 'data');
}

function lastWords({ code, stderr, stdout }: ProgramResult): string {
  const lines = `${stdout}\n${stderr}`.split('\n').filter((line) => line.trim() !== '');
  // A panic says first what happened and then where.
  const said = lines.find((line) => /^panic:|"level":"(?:fatal|panic)"|^Error: /.test(line)) ?? lines.at(-1) ?? 'nothing';
  return `${code}: ${redactLine(said).slice(0, 300)}`;
}
