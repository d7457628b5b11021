import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';

import { effectiveProblems } from '../../../agent/steps/containerd/effective-config.ts';
import { configVersionOf } from '../../../agent/steps/containerd/config-version.ts';
import { type ConfigChange, changesOf, mergeConfig } from '../../../agent/steps/containerd/merge-config.ts';
import { isCriOff, placesIn } from '../../../agent/steps/containerd/setting-places.ts';
import { wantedSettings } from '../../../agent/steps/containerd/wanted-settings.ts';
import { parseToml, startsWith, type TomlTree } from '../../../agent/toml/toml-file.ts';
import type { Release } from '../../../shared/domain/release.ts';
import { formatRelease } from '../../../shared/domain/release.ts';
import { containerdDump } from '../../fleet/containerd-dump.ts';
import { mustRun } from '../../fleet/run-program.ts';
import { unpackedContainerd } from '../../fleet/unpacked-containerd.ts';
import { arbitraryConfig, arbitrarySettings } from '../../support/arbitrary-containerd-config.ts';
import { CONTAINERD_16, CONTAINERD_17, CONTAINERD_21 } from '../../support/containerd-settings.ts';
import { CONTAINERD_SHAPES, type ContainerdShape, mergeOf } from '../../support/containerd-shapes.ts';

// Configurations of hosts, judged by the containerds of Debian: `containerd --config FILE config dump` needs no daemon.

const SUITES: readonly (readonly [suite: string, release: Release])[] = [['bookworm', CONTAINERD_16], ['trixie', CONTAINERD_17], ['testing', CONTAINERD_21]];
const programs = new Map<Release, string>();

beforeAll(async () => {
  for (const [suite, release] of SUITES) {
    const program = await unpackedContainerd(suite);
    programs.set(release, program);
    console.log(`${suite}: ${(await mustRun([program, '--version'])).trim()}`);
  }
}, 10 * 60_000);

const GENERATED = 120;
const SEED = Number(process.env['FARRIER_SEED'] ?? Date.now() % 1_000_000);

/** Each shape with each containerd that has to read it; Debian has none from 2.3 on. */
const cells = CONTAINERD_SHAPES.flatMap((shape) => shape.on.map((release) => ({ name: `${shape.name} on ${formatRelease(release)}`, shape, release })));
const merged = cells.filter(({ shape, release }) => shape.refused === null && programsOf(release));
const notThere = cells.filter(({ release }) => !programsOf(release)).map(({ name }) => name);

function programsOf(release: Release): boolean {
  return SUITES.some(([, one]) => one === release);
}

const dump = (release: Release, { dropIns }: ContainerdShape, text: string | null) => containerdDump(programs.get(release) ?? '', text ?? '', dropIns);

test('only what Debian does not have is left out', () => {
  for (const name of notThere) console.log(`n/a: ${name}: Debian has no such containerd`);
  expect(notThere).toEqual(['version-4 on 2.3.1']);
  expect(merged.length).toBeGreaterThanOrEqual(48);
});

describe('merged', () => {
  test.each(merged)('$name is read, does what the plan says, and all else is as before', async ({ shape, release }) => {
    const result = mergeConfig(mergeOf(shape));
    if (!result.ok) throw new Error(`${result.code}: ${result.message}`);
    const after = await dump(release, shape, result.text);
    expect(after.problem).toBe('');
    expect(effectiveProblems(after.text, shape.settings)).toEqual([]);
    const before = await dump(release, shape, shape.text);
    if (before.problem === '') expect(foreign(treeOf(before.text), treeOf(after.text), shape)).toEqual([]);
    else expect([shape.name, release]).toEqual(['debian-marked-on-2', CONTAINERD_21]);
  });
});

/** As the property test makes them, where nothing but this program judges. */
describe('generated', () => {
  test.each(SUITES)('the containerd of %s takes every merged configuration, and does what the plan says', { timeout: 10 * 60_000 }, async (suite, release) => {
    let judged = 0;
    for (const [{ text }, settings] of fc.sample(fc.tuple(arbitraryConfig, arbitrarySettings), { seed: SEED, numRuns: GENERATED })) {
      const result = mergeConfig({ text, dropIns: [], settings, releases: [release] });
      if (!result.ok) continue;
      judged += 1;
      const { problem, text: dumped } = await containerdDump(programs.get(release) ?? '', result.text ?? '', []);
      expect([text, problem, problem === '' ? effectiveProblems(dumped, settings) : []]).toEqual([text, '', []]);
    }
    console.log(`${suite}: ${judged} of ${GENERATED} generated configurations were merged and judged; seed ${SEED}`);
    expect(judged).toBeGreaterThan(GENERATED / 5);
  });
});

/** What containerd itself does not read, or reads and leaves without effect. */
describe('left to a person, and rightly so', () => {
  const broken = cells.filter(({ shape, release }) => programsOf(release) && (shape.refused === 'config-broken' || shape.refused === 'drop-in-broken'));
  const unread = cells.filter(({ shape, release }) => shape.refused === 'config-version-unread' && (release === CONTAINERD_17 || (release === CONTAINERD_21 && shape.name === 'version-4-on-2.1')));

  test.each([...broken, ...unread])('$name is not read', async ({ shape, release }) => {
    expect((await dump(release, shape, shape.text)).problem).not.toBe('');
  });

  test('1.6 takes a file of version 3 without a word, and does nothing of what it says', async () => {
    const shape = shapeCalled('dumped-default-2-silently-on-1');
    const { problem, text } = await dump(CONTAINERD_16, shape, shape.text);
    expect(problem).toBe('');
    expect(effectiveProblems(text, { ...shape.settings, runtimes: [], registry: null, sandboxImage: 'registry.k8s.io/pause:3.10' })).not.toEqual([]);
  });

  test('2.1 forgets what a file of version 1 says of CRI: it is raised', async () => {
    const shape = shapeCalled('short-names');
    const asItIs = mergeConfig({ ...mergeOf(shape), releases: [CONTAINERD_16] });
    if (!asItIs.ok) throw new Error(asItIs.message);
    expect(effectiveProblems((await dump(CONTAINERD_21, shape, asItIs.text)).text, shape.settings)).not.toEqual([]);
  });

  test('1.7 takes the whole plugin from a drop-in, and 2.1 does not', async () => {
    const text = 'version = 2\nimports = ["conf.d/*.toml"]\n[plugins."io.containerd.grpc.v1.cri"]\nsandbox_image = "site.example:5000/pause:3.10"\n';
    const shape = { ...shapeCalled('drop-ins'), dropIns: [{ path: 'a.toml', text: 'version = 2\n[plugins."io.containerd.grpc.v1.cri"]\nenable_selinux = true\n' }] };
    const wanted = { ...shape.settings, enableCri: false, runtimes: [], systemdCgroup: null, registry: null };
    expect(effectiveProblems((await dump(CONTAINERD_17, shape, text)).text, wanted)).not.toEqual([]);
    expect(effectiveProblems((await dump(CONTAINERD_21, shape, text)).text, wanted)).toEqual([]);
  });
});

function shapeCalled(name: string): ContainerdShape {
  const shape = CONTAINERD_SHAPES.find((one) => one.name === name);
  if (shape === undefined) throw new Error(`there is no shape ${name}`);
  return shape;
}

function treeOf(text: string): TomlTree {
  const parsed = parseToml(text);
  if (!parsed.ok) throw new Error(`line ${parsed.line}: ${parsed.why}`);
  return parsed.file.tree;
}

/**
 * Changes that the plan did not ask for. A plugin that was off shows nothing of itself. Where a file names runtimes for the first time, 1.x takes what it says of them
 * instead of its own defaults, which say the same; a file that is raised was without effect on 2.1 before; a path of
 * imports is the folder of the test.
 */
function foreign(before: TomlTree, after: TomlTree, { settings, on, text }: ContainerdShape): readonly ConfigChange[] {
  const places = placesIn(configVersionOf(after) ?? 1);
  const isRaised = text !== null && treeOf(text.replace(/^\uFEFF/, ''))['version'] === undefined && on.includes(CONTAINERD_21);
  const owned = [['disabled_plugins'], ['imports'], places.runtimes, ...(isRaised ? [['plugins']] : []), ...(isCriOff(before) ? [places.runtime] : []), ...wantedSettings(settings, after, places, true).map(({ path }) => path)];
  return changesOf(before, after).filter(({ path }) => !owned.some((one) => startsWith(path, one)));
}
