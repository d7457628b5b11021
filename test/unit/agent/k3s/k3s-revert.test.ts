import { chmodSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { K3sPrior } from '../../../../agent/steps/k3s/k3s.ts';
import { placesOf } from '../../../../agent/steps/k3s/places.ts';
import { putBack } from '../../../../agent/steps/k3s/put-back.ts';
import { putInPlace } from '../../../../agent/steps/k3s/put-in-place.ts';
import type { K3sSpec } from '../../../../shared/domain/steps/k3s-spec.ts';
import { K3sLab } from '../../../support/k3s-lab.ts';

const OLD = 'v1.33.5+k3s1';
const PATCH = 'v1.33.6+k3s1';
const MINOR = 'v1.34.1+k3s1';

let lab: K3sLab;
let before: Readonly<Record<string, string>>;
beforeEach(() => {
  lab = new K3sLab(OLD);
  before = lab.files();
});
afterEach(() => rmSync(lab.folder, { recursive: true }));

async function prepared(spec: K3sSpec): Promise<K3sPrior> {
  await lab.step.stage(spec, lab.context());
  const captured = await lab.step.capture(spec, lab.context());
  if (!captured.ok) throw new Error(captured.outcome.message);
  return captured.prior;
}

/** Everything that an apply does up to an instant, with what a kill leaves half-done there. */
const INSTANTS: readonly (readonly [string, (spec: K3sSpec, prior: K3sPrior) => Promise<void> | void])[] = [
  ['before anything', () => undefined],
  ['half an archive beside the folder of images', (spec, prior) => {
    const { imagesDraftFolder } = placesOf(spec, prior, lab.context());
    mkdirSync(imagesDraftFolder);
    writeFileSync(join(imagesDraftFolder, spec.images?.sha256 ?? ''), 'ima');
  }],
  ['the archive in place, its folder left', (spec, prior) => {
    const { imagesDraftFolder, archive } = placesOf(spec, prior, lab.context());
    mkdirSync(imagesDraftFolder);
    mkdirSync(lab.imagesFolder, { recursive: true });
    writeFileSync(archive ?? '', lab.offered.get(spec.images?.sha256 ?? '') ?? '');
  }],
  ['half a binary beside the old one', (spec, prior) => writeFileSync(placesOf(spec, prior, lab.context()).binaryDraft, '#!k3s ver')],
  ['a whole binary and half the previous one', (spec, prior) => {
    const { binaryDraft, previous } = placesOf(spec, prior, lab.context());
    writeFileSync(binaryDraft, lab.offered.get(spec.binary.sha256) ?? '');
    linkSync(lab.binary, `${previous}.farrier-new`);
  }],
  ['everything but the last rename', (spec, prior) => {
    const { binaryDraft, previous } = placesOf(spec, prior, lab.context());
    writeFileSync(binaryDraft, lab.offered.get(spec.binary.sha256) ?? '');
    linkSync(lab.binary, `${previous}.farrier-new`);
    renameSync(`${previous}.farrier-new`, previous);
  }],
  ['all in place, not restarted', async (spec, prior) => void (await putInPlace(spec, prior, placesOf(spec, prior, lab.context()), lab.context()))],
  ['restarted, no record yet', async (spec, prior) => void (await lab.step.apply(spec, prior, lab.context()))],
  ['started by a boot', async (spec, prior) => {
    await putInPlace(spec, prior, placesOf(spec, prior, lab.context()), lab.context());
    lab.start();
  }],
  ['crashed after the restart', async (spec, prior) => {
    lab.behaviours[PATCH] = { crashesAfterMs: 10 };
    await lab.step.apply(spec, prior, lab.context());
    await lab.clock.sleep(1_000);
  }],
];

describe.each(INSTANTS)('cut off: %s', (_name, reach) => {
  test('going back ends fully old, again after it was cut off itself', async () => {
    const spec = lab.spec(PATCH);
    const prior = await prepared(spec);
    await reach(spec, prior);
    expect(await lab.step.canRevert(spec, prior, lab.context())).toEqual({ ok: true });
    // Cut off in the middle of going back: files are back, nothing is restarted yet.
    await putBack(prior, placesOf(spec, prior, lab.context()));
    expect(await lab.step.revert(spec, prior, lab.context())).toEqual({ ok: true });
    expect([lab.runningVersion, lab.files()]).toEqual([OLD, before]);
    lab.asked.length = 0;
    lab.start();
    expect(await lab.step.revert(spec, prior, lab.context())).toEqual({ ok: true });
    expect([lab.runningVersion, lab.files(), lab.asked]).toEqual([OLD, before, ['stop', 'restart']]);
  });

  test('going on ends fully new', async () => {
    const spec = lab.spec(PATCH);
    const prior = await prepared(spec);
    await reach(spec, prior);
    delete lab.behaviours[PATCH];
    expect(await lab.step.apply(spec, prior, lab.context())).toEqual({ ok: true });
    expect(await lab.step.verify(spec, prior, lab.context())).toEqual({ ok: true });
    expect(Object.keys(lab.files()).filter((path) => /new|farrier/.test(path))).toEqual([]);
    expect(await lab.step.revert(spec, prior, lab.context())).toEqual({ ok: true });
    expect([lab.runningVersion, lab.files()]).toEqual([OLD, before]);
  });
});

test('nothing is restarted where nothing ever ran but what was captured', async () => {
  const spec = lab.spec(PATCH);
  const prior = await prepared(spec);
  await putInPlace(spec, prior, placesOf(spec, prior, lab.context()), lab.context());
  expect(await lab.step.revert(spec, prior, lab.context())).toEqual({ ok: true });
  expect([lab.asked, lab.files()]).toEqual([[], before]);
});

test('an older archive of the same name, and a k3s.prev of before, come back with mode and owner', async () => {
  mkdirSync(lab.imagesFolder);
  writeFileSync(join(lab.imagesFolder, 'k3s-airgap-images-amd64.tar.zst'), `images of ${OLD}`);
  writeFileSync(`${lab.binary}.prev`, 'k3s version v1.33.4+k3s1', { mode: 0o700 });
  chmodSync(lab.binary, 0o750);
  before = lab.files();
  const spec = lab.spec(PATCH);
  const prior = await prepared(spec);
  await lab.step.apply(spec, prior, lab.context());
  expect(readFileSync(`${lab.binary}.prev`, 'utf8')).toContain(OLD);
  expect(lab.files()['/bin/k3s']).toMatch(/^100750 /);
  // It may be another name of what was kept.
  chmodSync(`${lab.binary}.prev`, 0o600);
  expect(await lab.step.revert(spec, prior, lab.context())).toEqual({ ok: true });
  expect(lab.files()).toEqual(before);
});

test('checkpoints that only the newer kubelet keeps are removed before the one that was found is started', async () => {
  lab.behaviours[OLD] = { writes: ['cpu_manager_state'] };
  lab.behaviours[PATCH] = { writes: ['cpu_manager_state', 'dra_manager_state'] };
  lab.start();
  before = lab.files();
  const spec = lab.spec(PATCH);
  const prior = await prepared(spec);
  await lab.step.apply(spec, prior, lab.context());
  expect(lab.files()).toHaveProperty('/kubelet/dra_manager_state');
  expect(await lab.step.revert(spec, prior, lab.context())).toEqual({ ok: true });
  expect(lab.files()).toEqual(before);
});

test('going back watches what ran before for less time than what is new', async () => {
  const spec = lab.spec(PATCH);
  const prior = await prepared(spec);
  const took = async (work: Promise<unknown>): Promise<number> => {
    const beganMs = lab.clock.monotonicMs();
    await work;
    return lab.clock.monotonicMs() - beganMs;
  };
  await lab.step.apply(spec, prior, lab.context());
  expect(await took(lab.step.verify(spec, prior, lab.context()))).toBeGreaterThanOrEqual(30_000);
  expect(await took(lab.step.revert(spec, prior, lab.context()))).toBeLessThan(15_000);
});

test('what did not run before is stopped again', async () => {
  lab.stop();
  lab.behaviours[PATCH] = { writes: ['cpu_manager_state'] };
  const spec = lab.spec(PATCH);
  const prior = await prepared(spec);
  await lab.step.apply(spec, prior, lab.context());
  expect(await lab.step.revert(spec, prior, lab.context())).toEqual({ ok: true });
  expect([lab.runningVersion, lab.files()]).toEqual([null, before]);
});

test('an old version that does not come up again needs a person', async () => {
  const spec = lab.spec(PATCH);
  const prior = await prepared(spec);
  await lab.step.apply(spec, prior, lab.context());
  lab.behaviours[OLD] = { doesNotStart: true };
  expect(await lab.step.revert(spec, prior, lab.context())).toMatchObject({ outcome: { code: 'revert-failed' } });
  lab.behaviours[OLD] = { crashesAfterMs: 3_000 };
  expect(await lab.step.revert(spec, prior, lab.context())).toMatchObject({ outcome: { code: 'unit-crashed' } });
});

test.each([['server', 'api-unreachable'], ['agent', 'ok']] as const)('an API that is away while a %s goes back: %s', async (role, expected) => {
  lab.role = role;
  const spec = lab.spec(PATCH);
  const prior = await prepared(spec);
  await lab.step.apply(spec, prior, lab.context());
  lab.apiReachable = false;
  const result = await lab.step.revert(spec, prior, lab.context());
  expect([result.ok ? 'ok' : 'outcome' in result ? result.outcome.code : '', lab.runningVersion]).toEqual([expected, OLD]);
});

test('what was kept and is gone is said, and nothing is half put back', async () => {
  const spec = lab.spec(PATCH);
  const prior = await prepared(spec);
  await lab.step.apply(spec, prior, lab.context());
  rmSync(join(lab.stepFolder, 'kept'), { recursive: true });
  const held = lab.files();
  expect(await lab.step.canRevert(spec, prior, lab.context())).toMatchObject({ outcome: { code: 'prior-unavailable', object: lab.binary } });
  expect(await lab.step.revert(spec, prior, lab.context())).toMatchObject({ outcome: { code: 'revert-failed', object: lab.binary } });
  expect(lab.files()).toEqual(held);
});

describe('the point of no return', () => {
  const crossed = async (spec: K3sSpec, prior: K3sPrior): Promise<boolean | undefined> => lab.step.crossed?.(spec, prior, lab.context());

  test('is named for a server that crosses a minor, and for nothing else', () => {
    expect(lab.step.pointOfNoReturn?.(lab.spec(MINOR, { crossesMinor: true }))).toBe('K3s of the new minor has opened its datastore');
    expect(lab.step.pointOfNoReturn?.(lab.spec(MINOR, { crossesMinor: true, role: 'agent' }))).toBeNull();
    expect(lab.step.pointOfNoReturn?.(lab.spec(PATCH))).toBeNull();
  });

  test.each([
    ['restart', async (spec: K3sSpec, prior: K3sPrior) => void (await lab.step.apply(spec, prior, lab.context()))],
    ['boot', () => lab.start()],
    ['start that crashed at once', () => { lab.behaviours[MINOR] = { doesNotStart: true }; lab.start(); }],
  ] as const)('is crossed by the first %s of the new binary, not by its name', async (_name, start) => {
    const spec = lab.spec(MINOR, { crossesMinor: true });
    const prior = await prepared(spec);
    expect(await crossed(spec, prior)).toBe(false);
    await putInPlace(spec, prior, placesOf(spec, prior, lab.context()), lab.context());
    expect(await crossed(spec, prior)).toBe(false);
    await start(spec, prior);
    expect(await crossed(spec, prior)).toBe(true);
  });

  test('a restart of the old binary is none; an agent and a patch can always go back', async () => {
    const spec = lab.spec(MINOR, { crossesMinor: true });
    const prior = await prepared(spec);
    lab.start();
    expect(await crossed(spec, prior)).toBe(false);
    const agent = new K3sLab(OLD);
    agent.role = 'agent';
    for (const [at, wanted] of [[agent, agent.spec(MINOR, { crossesMinor: true })], [lab, lab.spec(PATCH)]] as const) {
      await at.step.stage(wanted, at.context());
      const captured = await at.step.capture(wanted, at.context());
      if (!captured.ok) throw new Error(captured.outcome.message);
      await at.step.apply(wanted, captured.prior, at.context());
      expect(await at.step.crossed?.(wanted, captured.prior, at.context())).toBe(false);
      expect(await at.step.revert(wanted, captured.prior, at.context())).toEqual({ ok: true });
      expect(at.runningVersion).toBe(OLD);
    }
    rmSync(agent.folder, { recursive: true });
  });
});
