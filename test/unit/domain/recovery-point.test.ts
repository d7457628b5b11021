import { expect, test } from 'vitest';

import { type RecoveryMiss, recoveryPointOf } from '../../../shared/domain/recovery-point.ts';
import { exampleProof, exampleSnapshot } from '../../support/example-snapshot.ts';

const nowUnixMs = 1_790_000_000_000;
const targets = { takenWithinMs: 1_000, provedWithinMs: 5_000 };

/** Ages of snapshots; a negative one is in the future. A proved one as text. */
test.each<readonly [readonly (number | string)[], number | null, number | null, readonly RecoveryMiss[]]>([
  [[], null, null, ['never-taken', 'never-proved']],
  [[500], 500, null, ['never-proved']],
  [[1_000, '5000'], 1_000, 5_000, []],
  [['5000', 1_000], 1_000, 5_000, []],
  [[1_001, '5001'], 1_001, 5_001, ['taken-too-old', 'proved-too-old']],
  [['500'], 500, 500, []],
  // A proof of today does not make the snapshot younger.
  [[500, '9000'], 500, 9_000, ['proved-too-old']],
  [['-1000'], 0, 0, []],
  [['-3600000'], 0, 0, ['clock-went-back']],
])('snapshots of the ages %j: %d ms taken, %d ms proved, missed %j', (ages, takenAgeMs, provedAgeMs, missed) => {
  const records = ages.map((age) => exampleSnapshot({ takenUnixMs: nowUnixMs - Number(age), proof: typeof age === 'string' ? exampleProof(nowUnixMs) : null }));
  expect(recoveryPointOf(records, targets, nowUnixMs)).toEqual({ takenAgeMs, provedAgeMs, missed });
});
