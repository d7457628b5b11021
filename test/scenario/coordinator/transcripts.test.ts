import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { Stage } from './stage.ts';

/**
 * Scenarios as plain text. A line that begins with `>` moves the fleet; the lines below it are what was decided, or what
 * was asked for. `UPDATE=1 npm run test:fast -- test/scenario` writes them anew; the diff is what is reviewed.
 */
const FOLDER = new URL('transcripts/', import.meta.url);
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.txt'));

test.each(FILES)('%s', (name) => {
  const file = new URL(name, FOLDER);
  const text = readFileSync(file, 'utf8');
  const played = replay(text);
  if (process.env['UPDATE'] === '1') writeFileSync(file, played);
  expect(played).toBe(process.env['UPDATE'] === '1' ? played : text);
});

test('there are transcripts', () => {
  expect(FILES.length).toBeGreaterThan(5);
});

/** The same commands, comments and blank lines, with what they lead to now. */
function replay(text: string): string {
  const stage = new Stage();
  const kept = text.split('\n').filter((line) => line === '' || line.startsWith('#') || line.startsWith('>'));
  return kept.flatMap((line) => (line.startsWith('>') ? [line, ...stage.play(line.slice(1).trim()).map((answer) => `  ${answer}`)] : [line])).join('\n');
}
