import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { bootFleet, type Fleet } from './fleet.ts';
import { codeFor, LonelyHost, upgradeTo } from './lonely-host.ts';
import { missingParts, notChecked } from './missing-parts.ts';

const missing = await missingParts();
if (missing.length > 0) console.warn(notChecked('the agent at work in real hosts', missing));

describe.skipIf(missing.length > 0)('the agent at work in a real host', () => {
  let fleet: Fleet;
  let hoof: LonelyHost;
  const folder = mkdtempSync(join(tmpdir(), 'farrier-inside-'));
  let generation = 0;
  let old: Awaited<ReturnType<LonelyHost['facts']>>;

  beforeAll(async () => {
    fleet = await bootFleet({ hosts: [{ name: 'hoof' }, { name: 'small', diskMiB: 300 }], aptRepository: await LonelyHost.repository(folder), sharedFolders: codeFor(folder), onProgress: console.log });
    hoof = new LonelyHost(fleet.host('hoof'));
    await hoof.prepare();
    old = await hoof.facts();
  });

  afterAll(async () => {
    await fleet.tearDown();
    rmSync(folder, { recursive: true });
  });

  test('packages: apt and dpkg pass the cases of the package system', async () => {
    const lines = (await hoof.host.mustExec(['/farrier/node_modules/.bin/node', '/farrier/test/fleet/packages-main.ts', 'apt'], { timeoutMs: 200_000 })).trim().split('\n');
    const results = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as { readonly name: string; readonly error: string | null });
    expect(results.filter(({ error }) => error !== null)).toEqual([]);
    expect(results.length).toBeGreaterThanOrEqual(20);
  });

  test('an upgrade ends done, a rollback brings back exactly what was there', async () => {
    const up = await hoof.whole((generation += 1), upgradeTo('2.0'));
    expect(up).toMatchObject({ end: { kind: 'done' } });
    expect((await hoof.facts()).version).toBe('2.0');
    expect((await hoof.facts()).service).toContain('Description=hoofd 2.0');
    const back = await hoof.whole(generation + 1, generation);
    generation += 1;
    expect(back).toMatchObject({ end: { kind: 'done' } });
    expect(await hoof.facts()).toEqual(old);
    const again = await hoof.whole((generation += 1), generation - 2);
    expect(again.end?.outcome.code).toBe('nothing-to-revert');
  });

  test.each([['3.0', 'apply-failed'], ['4.0', 'unit-crashed']])('version %s, which ends as %s, is put back', async (version, code) => {
    const look = await hoof.whole((generation += 1), upgradeTo(version));
    expect([look.end?.kind, look.end?.outcome.code]).toEqual(['reverted', code]);
    expect(await hoof.facts()).toEqual(old);
  });

  test('what cannot be staged is refused and nothing was begun', async () => {
    const look = await hoof.stage((generation += 1), upgradeTo('9.9'));
    expect([look.end?.kind, look.end?.outcome.code, look.begun]).toEqual(['refused', 'version-not-found', false]);
    expect(look.end?.outcome.message).toMatch(/4\.0, 3\.0, 2\.0, 1\.0/);
  });

  /**
   * Where a fault strikes: so long after this record was seen. Step 1 is the packages, step 2 the restart. A few instants
   * only: every boundary is struck exactly by `npm run prove:crash` and `prove:powercut`.
   */
  const INSTANTS: readonly (readonly [record: string, afterMs: number])[] = [
    ['begin(1)', 0], ['prior(1)', 300], ['prior(1)', 1_100], ['applied(1)', 0], ['begin(2)', 400],
  ];

  test('kill -9 of the work unit with all in it, at many instants: fully new or fully old in the end', { timeout: 15 * 60_000 }, async () => {
    const struck = new Set<string>();
    for (const [index, instant] of INSTANTS.entries()) {
      await upgradeWith(async (of) => {
        // Twice in some of them: an attempt that is interrupted twice is put back.
        for (let kills = 0; kills <= index % 2; kills += 1) {
          await strikeAt(of, instant, kills);
          await hoof.host.exec(['systemctl', 'kill', '--kill-whom=all', '--signal=SIGKILL', `farrier-assignment-${of}-activate.service`]);
          struck.add((await hoof.until(of, ({ running }) => !running)).kinds.at(-1) ?? '');
          await hoof.agent('drive');
        }
      });
    }
    expect([...struck].filter((kind) => kind !== 'done').length).toBeGreaterThanOrEqual(3);
  });

  test('power cuts at many instants: fully new or fully old once the power is back', { timeout: 15 * 60_000 }, async () => {
    const struck = new Set<string>();
    for (const instant of INSTANTS) {
      await upgradeWith(async (of) => {
        await strikeAt(of, instant, 0);
        await hoof.host.powerCut();
        await hoof.host.boot();
        struck.add((await hoof.look(of)).kinds.at(-1) ?? '');
      });
    }
    expect([...struck].filter((kind) => kind !== 'done').length).toBeGreaterThanOrEqual(3);
  });

  async function strikeAt(of: number, [record, afterMs]: readonly [string, number], seen: number): Promise<void> {
    await hoof.until(of, ({ kinds, end }) => kinds.filter((kind) => kind === record).length > seen || end !== null);
    await sleep(afterMs);
  }

  /** Stages and permits an upgrade, lets `faults` happen, drives it to its end, and takes the host back to what it was. */
  async function upgradeWith(faults: (of: number) => Promise<void>): Promise<void> {
    const of = (generation += 1);
    await hoof.stage(of, upgradeTo('2.0'));
    await hoof.agent('permit', String(of));
    await faults(of);
    const look = await driven(of);
    if (look.end?.kind === 'done') {
      expect((await hoof.facts()).version).toBe('2.0');
      expect((await hoof.whole((generation += 1), of)).end?.kind).toBe('done');
    } else {
      expect({ ...look, kinds: [], end: look.end?.kind }).toMatchObject({ end: 'reverted' });
    }
    expect({ ...(await hoof.facts()), kinds: look.kinds }).toEqual({ ...old, kinds: look.kinds });
  }

  test('a disk that fills up after staging costs nothing but a revert', async () => {
    const small = new LonelyHost(fleet.host('small'));
    await small.prepare();
    const before = await small.facts();
    await small.stage(2, upgradeTo('2.0'));
    // Too little for what going back needs to be reserved.
    await small.host.fillDisk(6 * 1024 * 1024);
    await small.agent('permit', '2');
    expect((await small.over(2)).end).toMatchObject({ kind: 'reverted', outcome: { code: 'disk-full' } });
    await small.host.unfill();
    expect(await small.facts()).toEqual(before);
    await small.agent('assign', '3', JSON.stringify(upgradeTo('2.0')));
    await small.until(3, ({ running, staged }) => !running && staged);
    await small.agent('permit', '3');
    expect((await small.over(3)).end?.kind).toBe('done');
  });

  test('a person reverts what is begun, with no coordinator', async () => {
    generation += 1;
    await hoof.stage(generation, upgradeTo('2.0'));
    await hoof.agent('permit', String(generation));
    await hoof.until(generation, (look) => look.begun);
    await hoof.agent('revert');
    const look = await hoof.over(generation);
    expect(['done', 'reverted']).toContain(look.end?.kind);
    if (look.end?.kind === 'reverted') expect(look.end.outcome.code).toBe('stopped-by-person');
  });

  async function driven(of: number) {
    for (let drives = 0; drives < 8; drives += 1) {
      const look = await hoof.until(of, ({ running }) => !running);
      if (look.end !== null) return look;
      // A permit that was not begun is void after a boot and a kill; the coordinator would be asked anew.
      await (look.begun ? hoof.agent('drive') : hoof.agent('permit', String(of)));
    }
    throw new Error(`never over: ${JSON.stringify(await hoof.look(of))}\n${await hoof.log()}`);
  }
});
