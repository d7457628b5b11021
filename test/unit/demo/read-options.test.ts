import { expect, test } from 'vitest';

import { readOptions } from '../../demo/read-options.ts';

test('no options: everything off', () => {
  expect(readOptions([])).toEqual({ nats: false, keep: false, record: false });
  expect(readOptions(['--keep'])).toMatchObject({ keep: true });
});

test.each([
  ['--help', 0, /^Usage: npm run demo/],
  ['--speed', 2, /--speed[^]*Usage: npm run demo/],
  ['word', 2, /word[^]*Usage: npm run demo/],
])('%s ends with %i', (word, exitCode, text) => {
  expect(readOptions([word])).toEqual({ exitCode, text: expect.stringMatching(text) });
});
