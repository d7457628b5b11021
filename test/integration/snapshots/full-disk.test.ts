import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { openPlainFileSink } from '../../../agent/snapshots/plain-file-sink.ts';
import { generateIdentity } from '../../../shared/age/age-keys.ts';
import { openSealedFileSink } from '../../../agent/snapshots/sealed/sealed-file-sink.ts';
import type { SnapshotSink } from '../../../agent/snapshots/snapshot-sink.ts';
import { smallDiskOrSayWhy } from '../../support/small-disk.ts';

const { signal } = new AbortController();
const { recipient } = generateIdentity();

/** Anywhere between its first byte and its last, and where what is held back no longer fits. */
const SIZES = [4_500_000, 12_000_000];

test.for<readonly [string, (path: string) => Promise<SnapshotSink>]>([
  ['plain', (path) => openPlainFileSink(path, signal)],
  ['sealed', (path) => openSealedFileSink(path, [recipient], signal)],
])('a %s file that does not fit is told as the disk tells it, and leaves nothing', async ([, openSink], { skip }) => {
  for (const sizeBytes of SIZES) {
    const disk = await smallDiskOrSayWhy(4 * 1024 * 1024, 'what a sink of snapshots does when the disk is full');
    if (disk === null) return skip();
    const sink = await openSink(join(disk, 'snapshot'));
    const writeAll = async (): Promise<void> => {
      for (let written = 0; written < sizeBytes; written += 50_000) await sink.write(randomBytes(50_000));
      await sink.finish();
    };
    await expect(writeAll()).rejects.toMatchObject({ code: 'ENOSPC' });
    await sink.discard();
    expect(await readdir(disk)).toEqual([]);
  }
});
