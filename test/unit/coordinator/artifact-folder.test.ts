import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { ArtifactFolder, type StoredArtifact } from '../../../coordinator/adapters/artifact-folder.ts';

const bytes = Buffer.from('the binary');
const wanted: StoredArtifact = { sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length, name: 'k3s', addedBy: 'alice', addedUnixMs: 7 };
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'farrier-artifacts-'));
});
afterEach(async () => await rm(folder, { recursive: true }));

async function* of(...chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks;
}

test('what fits beside the room that the store needs is taken, one byte more is not', async () => {
  const room = 64 * 1024 ** 2 + bytes.length;
  const tight = new ArtifactFolder(folder, async () => room - 1);
  expect(await tight.add(wanted, of(bytes))).toMatchObject({ ok: false, code: 'disk-full' });
  expect(await readdir(folder)).toEqual([]);
  expect(await new ArtifactFolder(folder, async () => room).add(wanted, of(bytes))).toEqual({ ok: true, artifact: wanted });
  expect(await tight.find(wanted.sha256)).toEqual(wanted);
});

test('a disk that runs full in the middle leaves nothing', async () => {
  async function* failing(): AsyncGenerator<Buffer> {
    yield bytes.subarray(0, 3);
    throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
  }
  expect(await new ArtifactFolder(folder).add(wanted, failing())).toMatchObject({ ok: false, code: 'disk-full' });
  expect(await readdir(folder)).toEqual([]);
});

test('a label that somebody damaged costs the name, not the artifact', async () => {
  const artifacts = new ArtifactFolder(folder);
  await artifacts.add(wanted, of(bytes));
  await writeFile(join(folder, `${wanted.sha256}.json`), '{');
  expect(await artifacts.list()).toMatchObject([{ sha256: wanted.sha256, size: wanted.size, name: '' }]);
});
