import { expect, test } from 'vitest';

import { matchesNameGlob } from '../../../../coordinator/trust/matches-name-glob.ts';

test.each<[string, string, boolean]>([
  ['web1', '*', true],
  ['web1', 'web*', true],
  ['web1', 'web?', true],
  ['web', 'web?', false],
  ['web', 'web*', true],
  ['web1', 'web1', true],
  ['web11', 'web1', false],
  ['xweb1', 'web1', false],
  ['db1', 'web*, db*', true],
  ['a.b.example', '*.example', true],
  ['aXexample', '*.example', false],
  ['web-1.eu', 'web-*.eu', true],
  ['aab', '*ab', true],
  ['abcabd', '*abd', true],
  ['web1', '', false],
  ['a'.repeat(63), `${'a*'.repeat(25)}b`, false],
])('%s against %s: %s', (name, globs, matches) => {
  expect(matchesNameGlob(name, globs)).toBe(matches);
});
