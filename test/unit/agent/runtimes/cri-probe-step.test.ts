import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { CriProbeSpec } from '../../../../shared/domain/steps/cri-probe-spec.ts';
import { ImagesLab } from '../../../support/images-lab.ts';
import { codeOf, runWhole, upToCapture } from '../../../support/step-run.ts';

const HELLO = 'registry.example/hello:1';

let lab: ImagesLab;
beforeEach(() => { lab = new ImagesLab(); });
afterEach(() => lab.end());

/** With an archive of its own unless `change` says otherwise. */
function spec(change: Partial<CriProbeSpec> = {}, on = lab): CriProbeSpec {
  const { sha256, size, images } = on.offers({ name: HELLO, says: 'hello' });
  return { kind: 'cri_probe', name: 'probe-crun', timeoutMs: 60_000, runtime: 'containerd', handler: 'runc', image: images[0]!, archive: { sha256, size }, annotations: [{ key: 'run.oci.handler', value: 'wasm' }], expect: 'hello from', ...change };
}

function prints(...outputs: readonly string[]): void {
  let run = 0;
  lab.images.cri.container = () => ({ ok: true, exitCode: 0, output: outputs[Math.min(run++, outputs.length - 1)]! });
}

test('a runtime is proved by what the container writes, whatever its exit code, and nothing of it stays', async () => {
  lab.images.cri.container = (pod) => {
    expect(pod).toMatchObject({ handler: 'runc', image: HELLO, annotations: { 'run.oci.handler': 'wasm' } });
    expect(existsSync(pod.logFolder)).toBe(true);
    return { ok: true, exitCode: 7, output: 'starting\nhello from wasm\n' };
  };
  const { prior, code } = await runWhole(lab.probe, spec(), lab.context());
  expect(code).toBe('ok');
  expect([lab.images.cri.pods, lab.images.state, existsSync(join(lab.stepFolder, 'probe'))]).toEqual([[], [], false]);
  expect(lab.output).toContain('exit code 7');
  lab.images.cri.silent = 'is being reverted';
  expect(await lab.probe.revert(spec(), prior, lab.context())).toEqual({ ok: true });
});

test('an image that is there stays, with all of its names', async () => {
  const wanted = spec({ archive: null });
  lab.images.holds(HELLO, wanted.image.id, true);
  const before = lab.images.state;
  prints('hello from runc\n');
  const { code } = await runWhole(lab.probe, wanted, lab.context());
  expect([code, lab.images.state]).toEqual(['ok', before]);
});

test('a kubelet that removed the pod is no verdict, three times the wrong words are', async () => {
  prints('', 'hello from runc\n');
  expect((await runWhole(lab.probe, spec(), lab.context())).code).toBe('ok');
  prints('exec format error\n');
  const { code } = await runWhole(lab.probe, spec(), lab.context());
  expect(code).toBe('verify-failed runc');
  expect(lab.images.did.filter((deed) => deed === 'runPod')).toHaveLength(5);
  expect([lab.images.cri.pods, lab.images.state]).toEqual([[], []]);
});

test('a handler that the runtime does not know is a verdict', async () => {
  expect((await runWhole(lab.probe, spec({ handler: 'wasm' }), lab.context())).code).toBe('verify-failed wasm');
  expect([lab.images.cri.pods, lab.images.state]).toEqual([[], []]);
});

test.each([
  ['no image and no archive', () => spec({ archive: null }), `image-unknown ${HELLO}`],
  ['another image of that name', () => (lab.images.holds(HELLO, 'sha256:other'), spec()), `image-mismatch ${HELLO}`],
  ['a runtime that does not answer', () => ((lab.images.silent = 'nobody listens'), spec()), 'runtime-unready containerd'],
] as const)('%s is told before anything is run', async (_name, wanted, code) => {
  expect(codeOf(await lab.probe.capture(wanted(), lab.context()))).toBe(code);
  expect(lab.images.did).toEqual([]);
});

test('what was left by a probe that was cut off anywhere is gone when it is put back', async () => {
  let deaths = 0;
  for (let deed = 0; ; deed += 1) {
    const one = new ImagesLab();
    try {
      const wanted = spec({ expect: 'hello' }, one);
      const prior = await upToCapture(one.probe, wanted, one.context());
      one.images.diesBefore = deed;
      const died = await one.probe.verify(wanted, prior, one.context()).then(() => false, () => true);
      one.images.diesBefore = Number.POSITIVE_INFINITY;
      if (!died) break;
      deaths += 1;
      expect(await one.probe.revert(wanted, prior, one.context())).toEqual({ ok: true });
      expect([one.images.cri.pods, one.images.state]).toEqual([[], []]);
    } finally {
      one.end();
    }
  }
  expect(deaths).toBe(6);
});

test('a runtime that is being reverted holds up nothing', async () => {
  const wanted = spec();
  const prior = await upToCapture(lab.probe, wanted, lab.context());
  lab.images.diesBefore = 2;
  await expect(lab.probe.verify(wanted, prior, lab.context())).rejects.toThrow('died');
  lab.images.diesBefore = Number.POSITIVE_INFINITY;
  lab.images.cri.silent = 'nobody listens';
  expect(await lab.probe.revert(wanted, prior, lab.context())).toEqual({ ok: true });
  expect(lab.output).toContain('nobody listens; what the probe left is there still');
});
