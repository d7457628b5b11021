import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { SnapshotSink } from '../../agent/snapshots/snapshot-sink.ts';

/** Also where it is stored as half of that: more than what may wait for the disk. */
const SYNCED_IN_PARTS_BYTES = 80_000_000;

/** What every sink of snapshots has to hold. */
export function describeSnapshotSink(name: string, open: (path: string, signal: AbortSignal) => Promise<SnapshotSink>): void {
  describe(`a sink of snapshots: ${name}`, () => {
    const { signal } = new AbortController();
    let folder: string;
    let path: string;
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'farrier-sink-'));
      path = join(folder, 'snapshot');
    });
    afterEach(async () => await rm(folder, { recursive: true }));

    test.each([0, 1, 65_536, 3_000_000, SYNCED_IN_PARTS_BYTES])('a file of %i bytes is there when it is finished, for root alone, and not before', async (sizeBytes) => {
      const bytes = patterned(sizeBytes);
      const sink = await open(path, signal);
      for (const chunk of chunksOf(bytes)) {
        const lent = Uint8Array.from(chunk);
        await sink.write(lent);
        // The bytes are the caller's again.
        lent.fill(0);
      }
      expect(await readdir(folder)).not.toContain('snapshot');
      const { plain, sealed } = await sink.finish();
      await sink.discard();
      expect(await readdir(folder)).toEqual(['snapshot']);
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      expect(plain).toEqual({ digest: sha256(bytes), sizeBytes });
      const stored = await readFile(path);
      expect(sealed === null ? plain : { digest: sealed.digest, sizeBytes: sealed.sizeBytes }).toEqual({ digest: sha256(stored), sizeBytes: stored.length });
    });

    test('it knows the digest of what came so far, and goes on', async () => {
      const sink = await open(path, signal);
      await sink.write(Buffer.from('the database'));
      expect(sink.digestSoFar()).toBe(sha256(Buffer.from('the database')));
      await sink.write(Buffer.from(' and its end'));
      expect((await sink.finish()).plain.digest).toBe(sha256(Buffer.from('the database and its end')));
    });

    test.each([3_000_000, SYNCED_IN_PARTS_BYTES])('what is discarded after %i bytes leaves nothing, and what stood there before stays', async (sizeBytes) => {
      await writeFile(path, 'older');
      const sink = await open(path, signal);
      for (const chunk of chunksOf(patterned(sizeBytes))) await sink.write(chunk);
      await sink.discard();
      await sink.discard();
      expect(await readdir(folder)).toEqual(['snapshot']);
      expect(await readFile(path, 'utf8')).toBe('older');
    });

    test('what a killed attempt left beside does not get into the next', async () => {
      const dead = await open(path, signal);
      await dead.write(patterned(3_000_000));
      const [left = ''] = await readdir(folder);
      const sink = await open(path, signal);
      await sink.write(Buffer.from('new'));
      const { plain } = await sink.finish();
      expect(plain.sizeBytes).toBe(3);
      expect(await readdir(folder)).toEqual(['snapshot']);
      expect(left).toBe('snapshot.part');
      await dead.discard();
      expect(await readdir(folder)).toEqual(['snapshot']);
    });

    test('one that is stopped takes nothing more', async () => {
      const stop = new AbortController();
      const sink = await open(path, stop.signal);
      await sink.write(Buffer.from('some'));
      stop.abort(new Error('stopped'));
      await expect(sink.write(Buffer.from('more'))).rejects.toThrow('stopped');
      await expect(sink.finish()).rejects.toThrow('stopped');
      await sink.discard();
      expect(await readdir(folder)).toEqual([]);
      await expect(open(path, stop.signal)).rejects.toThrow('stopped');
      expect(await readdir(folder)).toEqual([]);
    });

    test('a folder that is not there is told', async () => {
      await expect(open(join(folder, 'gone', 'snapshot'), signal)).rejects.toThrow('ENOENT');
    });
  });
}

/** Compresses somewhat, as a database does, and no two blocks are alike. */
export function patterned(sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  for (let at = 0, state = 1; at + 4 <= sizeBytes; at += 8) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes.writeUInt32LE(state, at);
  }
  return bytes;
}

/** Of sizes that fit nothing. */
function* chunksOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7) % 100_003) yield bytes.subarray(at, at + size);
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
