import { expect, test } from 'vitest';

import { explainRefusal } from '../../../agent/link/explain-failure.ts';

test('the remedy stands after the last semicolon; where none does, an operator has to look', () => {
  expect(explainRefusal('it was revoked (sold; gone); enroll the host again')).toEqual({ why: 'it was revoked (sold; gone)', remedy: 'enroll the host again' });
  expect(explainRefusal('coordinator is stopping')).toEqual({ why: 'coordinator is stopping', remedy: 'ask an operator: `farrier node show NODE` says more' });
});
