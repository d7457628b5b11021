import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { openFolder } from '../../../agent/snapshots/catalogue/open-folder.ts';
import { SnapshotCatalogue } from '../../../agent/snapshots/catalogue/snapshot-catalogue.ts';

const KILLS = 8;
const writer = fileURLToPath(new URL('catalogue-writer.ts', import.meta.url));
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'farrier-catalogue-'));
});
afterEach(async () => await rm(folder, { recursive: true }));

/** @returns what it said until it was killed, at a line that differs and then wherever it is. */
async function liveUntilKilled(life: number): Promise<readonly string[]> {
  const child = spawn(process.execPath, [writer, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const closed = new Promise((resolve) => child.once('close', resolve));
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (lines.length === 10 + life) setTimeout(() => child.kill('SIGKILL'), life / 4);
  }
  await closed;
  expect(child.signalCode).toBe('SIGKILL');
  return lines;
}

test('a catalogue whose agent is killed, time and again, keeps what it said that it has', async () => {
  const catalogue = new SnapshotCatalogue(await openFolder(folder));
  const said = { put: new Set<string>(), proved: new Set<string>(), removing: new Set<string>() };
  let checked = 0;
  for (let life = 0; life < KILLS; life += 1) {
    for (const line of await liveUntilKilled(life)) {
      const [what = '', id = ''] = line.split(' ');
      said[what as keyof typeof said].add(id);
    }
    const { records, problems } = await catalogue.list();
    for (const { id, plain } of records) {
      expect(createHash('sha256').update(await readFile(catalogue.pathOf(id))).digest('hex')).toBe(plain.digest);
      checked += 1;
    }
    const [ids, proved] = [records.map(({ id }) => id), records.filter(({ proof }) => proof !== null).map(({ id }) => id)];
    expect([...said.put].filter((id) => !said.removing.has(id) && !ids.includes(id))).toEqual([]);
    expect([...said.proved].filter((id) => ids.includes(id) && !proved.includes(id))).toEqual([]);
    // One thing at a time was in the making.
    expect(new Set(problems.map(({ file }) => file.replace(/\..*/, ''))).size).toBeLessThanOrEqual(1);
    expect(problems.filter(({ code }) => !['half-written', 'half-deleted', 'file-without-record'].includes(code))).toEqual([]);
  }
  expect(checked).toBeGreaterThan(KILLS);
}, 120_000);
