import { expect, test } from 'vitest';

import { renderBoard } from '../../../coordinator/cli/board/render-board.ts';
import { boardSvg } from '../../demo/board-svg.ts';
import { NOON_UNIX_MS } from '../../support/cli-run.ts';
import { RUNNING } from '../../support/example-rollout.ts';
import { withoutStyles } from '../../support/without-styles.ts';

const lines = renderBoard(RUNNING, { width: 100, color: true, nowUnixMs: NOON_UNIX_MS });

test('a board becomes a picture', async () => {
  await expect(boardSvg(lines, '$ farrier rollout watch')).toMatchFileSnapshot('running.svg');
});

test('every word of the board is in it, at its column and in its color', () => {
  const svg = boardSvg(lines);
  for (const word of withoutStyles(lines.join(' '), ' ').match(/[\w-]{3,}/g) ?? []) expect(svg).toContain(word);
  expect(boardSvg(['ab\u001b[32mcd\u001b[0m'])).toContain('<text x="32.8" y="30" fill="#56d364" textLength="16.8" xml:space="preserve">cd</text>');
});

test('words cannot become markup', () => {
  expect(boardSvg(['<b>&</b>'], '<title>')).toContain('&lt;b&gt;&amp;&lt;/b&gt;');
});

test('blocks are drawn, not written', () => {
  const svg = boardSvg(['\u001b[32m██\u001b[0m░ done']);
  expect(svg).toContain('width="16.8" height="14" fill="#56d364" opacity="1"');
  expect(svg).not.toContain('█');
});

test('an escape that the board never uses is a mistake', () => {
  expect(() => boardSvg(['\u001b[2J'])).toThrow('no style');
  expect(() => boardSvg(['\u001b[95mx'])).toThrow('never uses');
});
