import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { fromSubject, toFilter, toSubject } from '../../../coordinator/adapters/nats-subject.ts';

const segment = fc.stringMatching(/^[a-z0-9._-]{1,12}$/);
const name = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join('/'));

describe('subjects', () => {
  test.each([
    ['ledger', 'farrier.events.ledger'],
    ['rollout/r-1', 'farrier.events.rollout.r-1'],
    ['node/a.example.net', 'farrier.events.node.a=example=net'],
  ])('%s -> %s', (ours, theirs) => {
    expect(toSubject('farrier.events', ours)).toBe(theirs);
    expect(fromSubject('farrier.events', theirs)).toBe(ours);
  });

  test('never send two names to one subject, and never make a wildcard or an empty token', () => {
    fc.assert(fc.property(name, (ours) => {
      const subject = toSubject('p', ours);
      expect(fromSubject('p', subject)).toBe(ours);
      expect(subject).toMatch(/^p(\.[a-z0-9_=-]+)+$/);
    }));
  });

  test.each([
    ['', 'p.>'],
    ['node', 'p.>'],
    ['node/', 'p.node.>'],
    ['node/a.b', 'p.node.>'],
    ['a.b/c/d', 'p.a=b.c.>'],
  ])('the filter for %j is %s', (prefix, filter) => expect(toFilter('p', prefix)).toBe(filter));
});
