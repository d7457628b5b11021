import { createHash, type Hash } from 'node:crypto';
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

import type { Clock } from '../../shared/ports/clock.ts';
import { failure, type Failure } from '../../shared/trust/failure.ts';
import { syncFolder } from '../../shared/files/write-durably.ts';
import type { ArtifactsClient, FetchResponse__Output } from '../../shared/wire/messages.ts';
import { explainFetchFailure, type FetchCode } from './explain-fetch-failure.ts';
import { hashFile, hasSha256, lengthOf } from '../../shared/files/part-file.ts';

export interface FetchOrder {
  /** Of the whole artifact, lower-case hex: from something that was signed. */
  readonly sha256: string;
  /** Where it shall lie, as `<folder>/<sha256>`; what is under way lies beside it as `.part`. */
  readonly folder: string;
  /** More than this is never written, whatever the other side says. */
  readonly maxBytes: number;
  readonly clock: Clock;
  /** In a row without one more byte; 5 unless said otherwise. */
  readonly attemptsMax?: number;
}

export type Fetched = { readonly ok: true; readonly path: string } | Failure<FetchCode>;

const ATTEMPTS_MAX = 5;
const FIRST_PAUSE_MS = 500;
const RESTARTS_MAX = 1;

/**
 * Brings an artifact onto this host: hashed while it is written, fsynced, and only then given its name. Interrupted by
 * whatever, the next call goes on from the `.part`. One call at a time per artifact.
 */
export async function fetchArtifact(client: ArtifactsClient, order: FetchOrder, signal: AbortSignal): Promise<Fetched> {
  const { sha256, folder, clock } = order;
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new Error(`not a sha256: ${sha256}`);
  const path = join(folder, sha256);
  const part = `${path}.part`;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (await hasSha256(path, sha256)) return { ok: true, path };
  let restarts = 0;
  for (let attempts = 1; ; attempts += 1) {
    const before = (await lengthOf(part)) ?? 0;
    const outcome = await fetchOnce(client, order, part, signal);
    if (outcome.ok) break;
    const isBad = outcome.code === 'artifact-corrupt' || outcome.code === 'artifact-too-large';
    if (isBad) await rm(part, { force: true });
    // A power cut may leave a part of the right length with the wrong bytes: once more, from the first byte.
    if (isBad && before > 0 && restarts < RESTARTS_MAX) {
      restarts += 1;
      continue;
    }
    if (((await lengthOf(part)) ?? 0) > before) attempts = 1;
    if (outcome.code !== 'unreachable' || attempts >= (order.attemptsMax ?? ATTEMPTS_MAX)) return outcome;
    if (!(await slept(clock, FIRST_PAUSE_MS * 2 ** (attempts - 1), signal))) return aborted(sha256);
  }
  await rename(part, path);
  await syncFolder(folder);
  return { ok: true, path };
}

/** One stream, from what the part holds to the end. Leaves the part fsynced, whole and verified, where it succeeds. */
async function fetchOnce(client: ArtifactsClient, order: FetchOrder, part: string, signal: AbortSignal): Promise<{ readonly ok: true } | Failure<FetchCode>> {
  const { sha256 } = order;
  if (signal.aborted) return aborted(sha256);
  const hash = createHash('sha256');
  const offset = await hashFile(part, hash);
  const file = await open(part, 'a', 0o600);
  const stream = client.Fetch({ sha256, offset });
  const cancel = (): void => stream.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  let failed: unknown = null;
  // gRPC ends the stream in good order before it says what went wrong.
  stream.on('error', (error: unknown) => {
    failed = error;
  });
  try {
    const written = await receive(stream, file, hash, { offset, maxBytes: order.maxBytes, sha256 });
    await file.sync();
    return !written.ok && written.code === 'unreachable' && failed !== null ? explainFetchFailure(failed, sha256) : written;
  } catch (error) {
    if (signal.aborted) return aborted(sha256);
    return explainFetchFailure(error, sha256);
  } finally {
    signal.removeEventListener('abort', cancel);
    stream.cancel();
    await file.close();
  }
}

interface Limits {
  readonly offset: number;
  readonly maxBytes: number;
  readonly sha256: string;
}

/** Reads no faster than it writes: the next message is taken when the one before lies in the file. */
async function receive(
  stream: AsyncIterable<FetchResponse__Output>,
  file: FileHandle,
  hash: Hash,
  { offset, maxBytes, sha256 }: Limits,
): Promise<{ readonly ok: true } | Failure<FetchCode>> {
  let [length, size] = [offset, -1];
  for await (const { size: announced, chunk } of stream) {
    if (size < 0) size = announced;
    length += chunk.length;
    if (size > maxBytes || length > maxBytes || length > size) {
      return failure('artifact-too-large', `artifact ${sha256} has ${Math.max(size, length)} bytes, at most ${Math.min(maxBytes, size)} are taken; the plan names another file, or the coordinator's copy grew`);
    }
    hash.update(chunk);
    // Unlike write(), all of it or an error.
    await file.appendFile(chunk);
  }
  if (size < 0 || length < size) return failure('unreachable', `the transfer of artifact ${sha256} ended after ${length} bytes; it goes on from there`);
  const actual = hash.digest('hex');
  if (actual === sha256) return { ok: true };
  return failure('artifact-corrupt', `what arrived has sha256 ${actual}, asked was for ${sha256}; it was deleted. Add the artifact to the coordinator again`);
}

function aborted(sha256: string): Failure<FetchCode> {
  return failure('aborted', `the transfer of artifact ${sha256} was stopped; it goes on from there`);
}

async function slept(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(ms, signal);
    return true;
  } catch {
    return false;
  }
}
