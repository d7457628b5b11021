import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { hasRecordedBytes } from '../../../../../agent/snapshots/catalogue/verify-bytes.ts';
import { generateIdentity } from '../../../../../shared/age/age-keys.ts';
import { exampleSnapshot } from '../../../../support/example-snapshot.ts';
import { sealBytes } from '../../../../support/sealed-bytes.ts';

test('one byte that changed on the disk is seen without a key', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'farrier-verify-'));
  try {
    const path = join(folder, 'snapshot');
    const { bytes, recorded } = await sealBytes(Buffer.from('a datastore'), [generateIdentity().recipient]);
    const record = exampleSnapshot({ plain: recorded.plain, sealed: { ...recorded.sealed, recipients: [] } });
    const { signal } = new AbortController();
    await writeFile(path, bytes);
    expect(await hasRecordedBytes(path, record, signal)).toBe(true);
    expect(await hasRecordedBytes(path, { ...record, sealed: null }, signal)).toBe(false);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    await writeFile(path, bytes);
    expect(await hasRecordedBytes(path, record, signal)).toBe(false);
    await expect(hasRecordedBytes(path, record, AbortSignal.abort(new Error('stopped')))).rejects.toThrow();
  } finally {
    await rm(folder, { recursive: true });
  }
});
