import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { forgetLinkFailure, keepLinkFailure, readLinkFailure } from '../../../agent/link/link-failure.ts';

let stateDir: string;

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'farrier-link-'));
});
afterEach(() => rmSync(stateDir, { recursive: true }));

const failure = (why: string, sinceUnixMs: number) => ({ why, remedy: 'mend it', sinceUnixMs });

test('the same failure keeps when it began, another takes its place, a session ends it', async () => {
  expect(readLinkFailure(stateDir)).toBeNull();
  await keepLinkFailure(stateDir, failure('refused', 1));
  await keepLinkFailure(stateDir, failure('refused', 2));
  expect(readLinkFailure(stateDir)).toEqual(failure('refused', 1));
  await keepLinkFailure(stateDir, failure('no answer', 3));
  expect(readLinkFailure(stateDir)).toEqual(failure('no answer', 3));
  forgetLinkFailure(stateDir);
  forgetLinkFailure(stateDir);
  expect(readLinkFailure(stateDir)).toBeNull();
});

test.each(['', '{', 'null', '{"why":1}'])('a file that says %j tells nothing', (text) => {
  writeFileSync(join(stateDir, 'link-failure.json'), text);
  expect(readLinkFailure(stateDir)).toBeNull();
});
