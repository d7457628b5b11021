import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Identity, Recipient } from '../../shared/age/age-keys.ts';
import { openSealedFileSink } from '../../agent/snapshots/sealed/sealed-file-sink.ts';
import { type RecordedDigests, unseal, type Unsealed } from '../../agent/snapshots/sealed/unseal.ts';

const { signal } = new AbortController();

export interface SealedBytes {
  readonly bytes: Buffer;
  readonly recorded: RecordedDigests;
}

export async function sealBytes(plain: Buffer, recipients: readonly Recipient[]): Promise<SealedBytes> {
  const folder = await mkdtemp(join(tmpdir(), 'farrier-sealed-'));
  try {
    const sink = await openSealedFileSink(join(folder, 'snapshot'), recipients, signal);
    await sink.write(plain);
    const written = await sink.finish();
    if (written.sealed === null) throw new Error('it was not sealed');
    return { bytes: await readFile(join(folder, 'snapshot')), recorded: { plain: written.plain, sealed: written.sealed } };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What an opener says of some bytes, and what it let out on the way. */
export async function unsealBytes(bytes: Buffer, identities: readonly Identity[], recorded: RecordedDigests, pieceBytes = 50_000): Promise<{ readonly unsealed: Unsealed; readonly released: Buffer }> {
  const released: Buffer[] = [];
  const sink = {
    write: async (chunk: Uint8Array): Promise<void> => void released.push(Buffer.from(chunk)),
  };
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  }
  const unsealed = await unseal(pieces(), identities, recorded, sink, signal);
  return { unsealed, released: Buffer.concat(released) };
}
