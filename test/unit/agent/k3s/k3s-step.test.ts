import { mkdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { type K3sPrior, k3sStep } from '../../../../agent/steps/k3s/k3s.ts';
import type { StepResult } from '../../../../agent/steps/step.ts';
import type { K3sSpec } from '../../../../shared/domain/steps/k3s-spec.ts';
import type { Clock } from '../../../../shared/ports/clock.ts';
import { K3sLab } from '../../../support/k3s-lab.ts';

const OLD = 'v1.33.5+k3s1';
const PATCH = 'v1.33.6+k3s1';
const MINOR = 'v1.34.1+k3s1';

let lab: K3sLab;
beforeEach(() => {
  lab = new K3sLab(OLD);
});
afterEach(() => rmSync(lab.folder, { recursive: true }));

function codeOf(result: StepResult): string {
  return result.ok ? 'ok' : result.outcome.code;
}

/** Up to the instant before anything changes. */
async function prepared(spec: K3sSpec): Promise<K3sPrior> {
  expect(await lab.step.stage(spec, lab.context())).toEqual({ ok: true });
  expect(await lab.step.check(spec, lab.context())).toEqual({ ok: true, state: 'needed' });
  const captured = await lab.step.capture(spec, lab.context());
  if (!captured.ok) throw new Error(captured.outcome.message);
  return JSON.parse(JSON.stringify(captured.prior)) as K3sPrior;
}

async function upgraded(spec: K3sSpec): Promise<{ readonly prior: K3sPrior; readonly applied: StepResult; readonly verified: StepResult }> {
  const prior = await prepared(spec);
  const applied = await lab.step.apply(spec, prior, lab.context());
  return { prior, applied, verified: await lab.step.verify(spec, prior, lab.context()) };
}

describe('an upgrade', () => {
  test('replaces the binary, keeps the one before as k3s.prev, adds the images, and is proved by the node’s own report', async () => {
    const spec = lab.spec(PATCH);
    expect(await upgraded(spec)).toMatchObject({ applied: { ok: true }, verified: { ok: true } });
    expect(lab.runningVersion).toBe(PATCH);
    expect(readFileSync(`${lab.binary}.prev`, 'utf8')).toContain(OLD);
    expect(readFileSync(join(lab.imagesFolder, 'k3s-airgap-images-amd64.tar.zst'), 'utf8')).toBe(`images of ${PATCH}`);
    expect(Object.keys(lab.files()).toSorted()).toEqual(['/bin/k3s', '/bin/k3s.prev', '/rancher/agent', '/rancher/agent/images', '/rancher/agent/images/k3s-airgap-images-amd64.tar.zst']);
    expect(lab.files()['/bin/k3s']).toMatch(/^100755 /);
    expect(await lab.step.check(spec, lab.context())).toEqual({ ok: true, state: 'satisfied' });
  });

  test('without images leaves the folder of images alone', async () => {
    expect(await upgraded(lab.spec(PATCH, { images: null }))).toMatchObject({ verified: { ok: true } });
    expect(Object.keys(lab.files())).not.toContain('/rancher/agent/images');
  });

  test('says with what the install script would have written this unit, and no secret', async () => {
    await lab.step.check(lab.spec(PATCH), lab.context());
    expect(lab.output).toContain(`INSTALL_K3S_BIN_DIR=${dirname(lab.binary)}`);
    expect(lab.output).toContain("INSTALL_K3S_EXEC='server --token [redacted] --node-label=a=b c'");
    expect(lab.output).toContain('K3S_URL=https://s:6443');
    expect(lab.output).not.toContain('hush');
  });

  test.each<[string, Partial<K3sLab['behaviours'][string]>, string, string]>([
    ['does not start', { doesNotStart: true }, 'unit-crashed', 'unit-crashed'],
    ['crashes after 5 s', { crashesAfterMs: 5_000 }, 'ok', 'unit-crashed'],
    ['crashes after 29 s', { crashesAfterMs: 29_000 }, 'ok', 'unit-crashed'],
    ['crashes before the node was heard of', { crashesAfterMs: 60_000, neverReports: true }, 'ok', 'unit-crashed'],
    ['reports another version', { reports: OLD }, 'ok', 'verify-failed'],
    ['is never heard of', { neverReports: true }, 'ok', 'heartbeat-missing'],
  ])('to a version that %s is found out', async (_name, behaviour, applied, verified) => {
    lab.behaviours[PATCH] = behaviour;
    const result = await upgraded(lab.spec(PATCH));
    expect([codeOf(result.applied), codeOf(result.verified)]).toEqual([applied, verified]);
    if (verified === 'unit-crashed') expect(lab.output).toContain('last lines');
  });

  test('that a power cut interrupted has the time of a boot to come up', async () => {
    const spec = lab.spec(PATCH);
    const prior = await prepared(spec);
    await lab.step.apply(spec, prior, lab.context());
    const verified = async (bootedSince: boolean): Promise<string> => {
      lab.stop();
      const beganMs = lab.clock.monotonicMs();
      const starts: Clock['sleep'] = async (ms) => {
        await lab.clock.sleep(ms);
        if (lab.runningVersion === null && lab.clock.monotonicMs() - beganMs >= 20_000) lab.start();
      };
      const step = k3sStep({ units: lab.units, k3s: lab.k3s, truthOf: lab.truthOf, clock: { ...lab.clock, sleep: starts }, artifacts: lab.artifacts, kubeletFolder: lab.kubeletFolder });
      return codeOf(await step.verify(spec, prior, lab.context({ bootedSince })));
    };
    expect([await verified(true), await verified(false)]).toEqual(['ok', 'unit-crashed']);
  });

  test('whose API cannot be asked blames the host, not the version', async () => {
    const spec = lab.spec(PATCH);
    const prior = await prepared(spec);
    await lab.step.apply(spec, prior, lab.context());
    lab.apiReachable = false;
    expect(codeOf(await lab.step.verify(spec, prior, lab.context()))).toBe('api-unreachable');
  });

  test('whose binary or images somebody changed meanwhile is found out', async () => {
    const spec = lab.spec(PATCH);
    const { prior } = await upgraded(spec);
    writeFileSync(join(lab.imagesFolder, 'k3s-airgap-images-amd64.tar.zst'), 'other');
    expect(codeOf(await lab.step.verify(spec, prior, lab.context()))).toBe('verify-failed');
    writeFileSync(lab.binary, `k3s version ${PATCH} of somebody else`);
    expect(codeOf(await lab.step.verify(spec, prior, lab.context()))).toBe('verify-failed');
  });
});

describe('check says that there is something to do', () => {
  test('where the new binary lies there and the old one runs', async () => {
    const spec = lab.spec(PATCH, { images: null });
    writeFileSync(lab.binary, lab.offered.get(spec.binary.sha256) ?? '');
    expect(await lab.step.check(spec, lab.context())).toEqual({ ok: true, state: 'needed' });
    lab.start();
    await lab.clock.sleep(1_000);
    expect(await lab.step.check(spec, lab.context())).toEqual({ ok: true, state: 'satisfied' });
    // Other bytes of the same version, written after the start.
    utimesSync(lab.binary, new Date(lab.clock.wallUnixMs()), new Date(lab.clock.wallUnixMs()));
    expect(await lab.step.check(spec, lab.context())).toEqual({ ok: true, state: 'needed' });
  });

  test('where K3s does not run, the API cannot be asked, or the images lack', async () => {
    const spec = lab.spec(PATCH);
    await upgraded(spec);
    lab.apiReachable = false;
    expect(await lab.step.check(spec, lab.context())).toEqual({ ok: true, state: 'needed' });
    lab.apiReachable = true;
    rmSync(lab.imagesFolder, { recursive: true });
    expect(await lab.step.check(spec, lab.context())).toEqual({ ok: true, state: 'needed' });
    mkdirSync(lab.imagesFolder);
    writeFileSync(join(lab.imagesFolder, 'k3s-airgap-images-amd64.tar.zst'), `images of ${PATCH}`);
    expect(await lab.step.check(spec, lab.context())).toEqual({ ok: true, state: 'satisfied' });
    lab.stop();
    expect(await lab.step.check(spec, lab.context())).toEqual({ ok: true, state: 'needed' });
  });
});

describe('refused before anything is disrupted', () => {
  test.each<[string, string, Partial<K3sSpec>, string]>([
    ['a minor is skipped', 'v1.35.0+k3s1', { crossesMinor: true }, 'version-skew'],
    ['a minor is crossed that the plan does not know of', MINOR, {}, 'version-skew'],
    ['the target is of an older minor', 'v1.32.9+k3s1', { crossesMinor: true }, 'version-skew'],
    ['it is the other role', PATCH, { role: 'agent' }, 'unit-not-found'],
    ['nobody added the binary', PATCH, { binary: { sha256: 'ab'.repeat(32), size: 4 } }, 'artifact-unknown'],
    ['nobody added the images', PATCH, { images: { sha256: 'ab'.repeat(32), size: 4, name: 'a.tar' } }, 'artifact-unknown'],
    ['it fits on no disk', PATCH, { images: { sha256: '', size: 2 ** 52, name: 'a.tar' } }, 'disk-full'],
  ])('where %s', async (_name, version, change, code) => {
    const before = lab.files();
    const spec = lab.spec(version, change);
    const wanted = spec.images?.sha256 === '' ? { ...spec, images: { ...spec.images, sha256: lab.spec(version).images?.sha256 ?? '' } } : spec;
    expect(codeOf(await lab.step.stage(wanted, lab.context()))).toBe(code);
    expect(lab.files()).toEqual(before);
  });

  test('where the artifact is another version than the plan says, or does not run here', async () => {
    const { binary } = lab.spec('v1.33.7+k3s1');
    expect(codeOf(await lab.step.stage({ ...lab.spec(PATCH), binary }, lab.context()))).toBe('wrong-version');
    lab.offered.set('cd'.repeat(32), 'for another architecture');
    expect(codeOf(await lab.step.stage({ ...lab.spec(PATCH), binary: { sha256: 'cd'.repeat(32), size: 24 } }, lab.context()))).toBe('wrong-version');
  });

  test('where the unit runs K3s as something else, or a link', async () => {
    lab.role = 'agent';
    const spec = lab.spec(PATCH);
    lab.k3s.unit = async () => ({ binary: lab.binary, args: ['server'], environment: [], dataDir: lab.dataDir, registries: lab.registries, hasOtherRuntime: false });
    expect(codeOf(await lab.step.stage(spec, lab.context()))).toBe('role-mismatch');
    rmSync(lab.binary);
    symlinkSync('/opt/k3s', lab.binary);
    expect(codeOf(await lab.step.stage({ ...spec, role: 'server' }, lab.context()))).toBe('not-allowed');
  });

  test('but hop by hop, each over the one before it', async () => {
    const hop = lab.spec(MINOR, { crossesMinor: true });
    const next = lab.spec('v1.35.0+k3s1', { crossesMinor: true });
    const earlier = [{ spec: hop, folder: '/nowhere' }];
    expect(await lab.step.stage(next, lab.context({ earlier }))).toEqual({ ok: true });
    expect(codeOf(await lab.step.stage(next, lab.context({ earlier: [] })))).toBe('version-skew');
  });

  test('where what was staged is gone or rotten when it is to be used', async () => {
    const spec = lab.spec(PATCH, { images: null });
    const prior = await prepared(spec);
    const before = lab.files();
    writeFileSync(join(lab.stepFolder, 'fetched', spec.binary.sha256), 'rotten');
    expect(codeOf(await lab.step.apply(spec, prior, lab.context()))).toBe('prior-unavailable');
    expect([lab.files(), lab.asked]).toEqual([before, []]);
  });
});
