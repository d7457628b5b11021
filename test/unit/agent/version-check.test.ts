import { expect, test } from 'vitest';

import { versionCheck } from '../../../agent/doctor/version-check.ts';
import type { VersionState } from '../../../agent/runner/describe-version.ts';

const PROVED: VersionState = { current: '2.0', beside: ['1.0'], provedUnixMs: Date.UTC(2026, 0, 1), upgradedBy: null };

test.each<[string, Partial<VersionState>, string | null, RegExp]>([
  ['ok', {}, '2.0', /^2\.0, proved by a session at 2026-01-01T00:00:00\.000Z; 1\.0 beside it$/],
  ['ok', { beside: [] }, null, /^2\.0, proved by a session at \S+$/],
  ['warning', {}, '1.0', /^1\.0 runs, 2\.0 is installed; 1\.0 beside it$/],
  ['warning', { provedUnixMs: null }, '2.0', /^2\.0, which no session has proved yet/],
  ['warning', { provedUnixMs: null }, null, /^2\.0, which does not run/],
  ['warning', { upgradedBy: '1.0' }, '1.0', /^2\.0, being upgraded by 1\.0/],
  ['failed', { current: null }, null, /leads to no complete version$/],
])('%s: %j while %s runs', async (status, change, runs, detail) => {
  const finding = await versionCheck({ ...PROVED, ...change }, runs).run();
  expect(finding.status).toBe(status);
  expect(finding.detail).toMatch(detail);
});
