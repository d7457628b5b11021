import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { RebootSpec, StepSpec } from '../../shared/domain/step-spec.ts';
import { bootFleet, type Fleet } from './fleet.ts';
import { codeFor, type Look, LonelyHost } from './lonely-host.ts';
import { missingParts, notChecked } from './missing-parts.ts';

const missing = await missingParts();
if (missing.length > 0) console.warn(notChecked('reboots of real hosts', missing));

const BOOTS_MAX_MS = 180_000;

describe.skipIf(missing.length > 0)('a reboot in the middle of a sequence', () => {
  let fleet: Fleet;
  const folder = mkdtempSync(join(tmpdir(), 'farrier-reboot-'));

  beforeAll(async () => {
    const hosts = ['clean', 'cut', 'broken'].map((name) => ({ name }));
    fleet = await bootFleet({ hosts, aptRepository: await LonelyHost.repository(folder), sharedFolders: codeFor(folder), onProgress: console.log });
  });

  afterAll(async () => {
    await fleet.tearDown();
    rmSync(folder, { recursive: true });
  });

  test.concurrent('goes on after the boot, which was no interruption', async () => {
    const hoof = await prepared('clean');
    const before = await bootIdOf(hoof);
    await hoof.host.writeFile('/run/reboot-required', '');
    await begin(hoof, upgradeWithReboot('2.0', 'required'));
    const look = await afterBoots(hoof, 2);
    expect(look.end?.kind).toBe('done');
    expect(look.kinds.filter((kind) => /\(2\)/.test(kind))).toEqual(['stage(2)', 'begin(2)', 'prior(2)', 'begin(2)', 'applied(2)', 'verified(2)']);
    expect((await hoof.facts()).version).toBe('2.0');
    expect(await bootIdOf(hoof)).not.toBe(before);
  });

  test.concurrent('takes a power cut for the reboot', async () => {
    const hoof = await prepared('cut');
    await begin(hoof, upgradeWithReboot('2.0', 'always'));
    // Asked for or not: the agent cannot know either.
    await hoof.until(1, ({ kinds }) => kinds.includes('prior(2)'));
    await hoof.host.powerCut();
    await hoof.host.boot();
    const look = await hoof.over(1);
    expect(look.end?.kind).toBe('done');
    expect((await hoof.facts()).version).toBe('2.0');
  });

  test.concurrent('what does not stay up after it is put back, and booted out of', async () => {
    const hoof = await prepared('broken');
    const old = await hoof.facts();
    const before = await bootIdOf(hoof);
    await begin(hoof, upgradeWithReboot('4.0', 'always'));
    const look = await afterBoots(hoof, 3);
    expect([look.end?.kind, look.end?.outcome.object]).toEqual(['reverted', 'hoofd.service']);
    expect(look.kinds.slice(-6)).toEqual(['reverting(1)', 'reverted(1)', 'reverting(0)', 'reverting(0)', 'reverted(0)', 'reverted']);
    expect(await hoof.facts()).toEqual(old);
    expect(hoof.host.bootCount).toBe(3);
    expect(await bootIdOf(hoof)).not.toBe(before);
  });

  async function prepared(name: string): Promise<LonelyHost> {
    const hoof = new LonelyHost(fleet.host(name));
    await hoof.prepare();
    await hoof.driveAtBoot();
    return hoof;
  }
});

async function begin(hoof: LonelyHost, steps: readonly StepSpec[]): Promise<void> {
  await hoof.stage(1, steps);
  await hoof.agent('permit', '1');
}

async function afterBoots(hoof: LonelyHost, boots: number): Promise<Look> {
  await expect.poll(() => hoof.host.bootCount, { timeout: BOOTS_MAX_MS, interval: 100 }).toBe(boots);
  await hoof.host.waitUntilUp();
  return hoof.over(1);
}

function bootIdOf(hoof: LonelyHost): Promise<string> {
  return hoof.host.mustExec(['cat', '/proc/sys/kernel/random/boot_id']);
}

function upgradeWithReboot(version: string, onlyIf: RebootSpec['onlyIf']): readonly StepSpec[] {
  // A boot is proved for half a minute once it is over, and beside other hosts it takes its time.
  const reboot = { kind: 'reboot', timeoutMs: 180_000, onlyIf } as const;
  return [
    { ...reboot, name: 'guard-reboot', action: 'guard', units: [] },
    { kind: 'packages', name: 'hoofd', timeoutMs: 120_000, install: [{ name: 'hoofd', version }], sources: ['lab'], conffiles: 'keep' },
    { ...reboot, name: 'reboot', action: 'reboot', units: ['hoofd.service'] },
  ];
}
