import { describe, expect, test } from 'vitest';

import type { SnapshotWork } from '../../../../../agent/snapshots/work/snapshot-work.ts';
import { formatWork, parseWork } from '../../../../../agent/snapshots/work/work-text.ts';

const ASKED = { id: 'one', by: 'person' } as const;
const WORKS: readonly SnapshotWork[] = [
  { ...ASKED, kind: 'take', prove: true, recipients: ['age1other'], cluster: null },
  { ...ASKED, kind: 'take', prove: false, recipients: [], cluster: 'prod' },
  { ...ASKED, kind: 'check', snapshot: null },
  { ...ASKED, kind: 'prove', snapshot: 'a-1', identityFile: '/media/$HOME %n/key.txt' },
  { ...ASKED, kind: 'prune', by: 'schedule' },
  { ...ASKED, kind: 'command', by: 'command' },
];

test.each(WORKS)('$kind arrives as it was asked, with nothing in it that systemd would expand', (work) => {
  expect(formatWork(work)).toMatch(/^[\w-]+$/);
  expect(parseWork(formatWork(work))).toEqual(work);
});

describe('what is none', () => {
  test.each(['', 'GARBAGE', '%%%', ...['null', '[]', '"take"', '{}', '{"kind":"constructor","id":"one","by":"person"}'].map((json) => Buffer.from(json).toString('base64url'))])('%j', (text) => {
    expect(parseWork(text)).toBeNull();
  });

  test.each(WORKS)('$kind without any one of its fields, or with another in its place', (work) => {
    for (const field of Object.keys(work)) {
      expect(parseWork(formatWork({ ...work, [field]: undefined }))).toBeNull();
      expect(parseWork(formatWork({ ...work, [field]: 7 }))).toBeNull();
    }
  });
});
