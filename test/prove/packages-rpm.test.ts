import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { bootFleet, type Fleet } from '../fleet/fleet.ts';
import { codeFor } from '../fleet/lonely-host.ts';
import { missingParts, notChecked } from '../fleet/missing-parts.ts';

const missing = await missingParts();
if (missing.length > 0) console.warn(notChecked('packages of dnf and zypper', missing));

/**
 * rpm's families as Debian 12 has them (rpm 4.18, dnf 4.14, zypper 1.14.42): their database stands beside dpkg's, and the
 * host's own root is theirs.
 */
const PROGRAMS = ['rpm', 'dnf', 'zypper', 'createrepo-c'];
const casesMaxMs = 10 * 60_000;

describe.skipIf(missing.length > 0)('packages of rpm on a real host', () => {
  let fleet: Fleet;
  const folder = mkdtempSync(join(tmpdir(), 'farrier-rpm-'));

  beforeAll(async () => {
    fleet = await bootFleet({ suite: 'bookworm', hosts: [{ name: 'dnf' }, { name: 'zypper' }], extraPackages: PROGRAMS, sharedFolders: codeFor(folder), onProgress: console.log });
  }, 10 * 60_000);

  afterAll(async () => {
    await fleet.tearDown();
    rmSync(folder, { recursive: true });
  });

  test.each(['dnf', 'zypper'])('%s passes the cases of the package system', { timeout: casesMaxMs + 60_000 }, async (family) => {
    const lines = await fleet.host(family).mustExec(['/farrier/node_modules/.bin/node', '/farrier/test/fleet/packages-main.ts', family], { timeoutMs: casesMaxMs });
    const results = lines.trim().split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as { readonly name: string; readonly error: string | null });
    expect(results.filter(({ error }) => error !== null)).toEqual([]);
    expect(results.length).toBeGreaterThanOrEqual(40);
  });
});
