import { expect, test } from 'vitest';

import { tokenText } from '../../../../agent/snapshots/token-text.ts';
import { exampleSnapshot } from '../../../support/example-snapshot.ts';

test.each([
  [exampleSnapshot(), /^$/],
  [exampleSnapshot({ token: { hash: '0330d8b1433f', sealed: null } }), /only with the server token of hash 0330d8b1433f, which is NOT kept with it/],
  [exampleSnapshot({ token: { hash: '0330d8b1433f', sealed: 'YWdl' } }), /of hash 0330d8b1433f, is sealed in its record$/],
])('what is said of the token of %j', (record, said) => {
  expect(tokenText(record)).toMatch(said);
});
