import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { haltingJournal } from '../../agent/runner/halting-journal.ts';
import type { Mutation } from '../../shared/ports/mutation.ts';
import { bundlePrograms } from '../../systemd/package/bundle-programs.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

async function bundledAgent(mutation: Mutation | ''): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'farrier-bundle-'));
  try {
    await bundlePrograms({ root, programs: { agent: 'agent/main.ts' }, outFolder: folder, version: '0', mutation });
    return readdirSync(folder).filter((name) => name.endsWith('.mjs')).map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('only a build for a proof can be made to halt', async () => {
  expect(haltingJournal).toBeNull();
  expect(await bundledAgent('')).not.toContain('halt-at-record');
  expect(await bundledAgent('epoch-not-checked')).not.toContain('halt-at-record');
  expect(await bundledAgent('halt-at-record')).toContain('/halt-at-record');
  expect(await bundledAgent('no-journal-fsync')).toContain('/halt-at-record');
});
