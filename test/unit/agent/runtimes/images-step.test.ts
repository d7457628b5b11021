import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { ImagesSpec, ImageSource } from '../../../../shared/domain/steps/images-spec.ts';
import { ImagesLab } from '../../../support/images-lab.ts';
import { codeOf, runWhole, upToCapture } from '../../../support/step-run.ts';

const PAUSE = 'registry.k8s.io/pause:3.10';
const WEB = 'docker.io/library/web:1';

let lab: ImagesLab;
beforeEach(() => { lab = new ImagesLab(); });
afterEach(() => lab.end());

function spec(source: ImageSource, pin = false): ImagesSpec {
  return { kind: 'images', name: 'images', timeoutMs: 60_000, source, pin };
}

function archivesOf(pin = false): ImagesSpec {
  return spec({ kind: 'containerd', archives: [lab.offers({ name: PAUSE, says: 'pause' }, { name: WEB, says: 'web' }), lab.offers({ name: 'registry.example/c:1', says: 'c' })] }, pin);
}

function idOf(wanted: ImagesSpec, name: string): string {
  const { source } = wanted;
  return (source.kind === 'docker' ? [] : source.archives.flatMap(({ images }) => images)).find((image) => image.name === name)!.id;
}

describe('archives into containerd', () => {
  test('are imported under their IDs, and go again with every name that came with them', async () => {
    const wanted = archivesOf();
    const { prior, code } = await runWhole(lab.step, wanted, lab.context());
    expect(code).toBe('ok');
    expect(lab.images.state.filter((line) => line.startsWith(PAUSE))).toEqual([`${PAUSE} ${idOf(wanted, PAUSE)}`]);
    expect(lab.output.split('\n').filter((line) => line.includes('imported as'))).toHaveLength(3);
    expect(await lab.step.check(wanted, lab.context())).toEqual({ ok: true, state: 'satisfied' });
    expect(await lab.step.revert(wanted, prior, lab.context())).toEqual({ ok: true });
    expect(lab.images.state).toEqual([]);
  });

  test('leave alone what is there under the same ID, pins it, and unpins it alone on the way back', async () => {
    const wanted = archivesOf(true);
    lab.images.holds(PAUSE, idOf(wanted, PAUSE));
    lab.images.holds('registry.example/c:1', idOf(wanted, 'registry.example/c:1'), true);
    lab.images.holds('registry.example/foreign:1', 'sha256:foreign', true);
    const before = lab.images.state;
    const { prior, code } = await runWhole(lab.step, wanted, lab.context());
    expect(code).toBe('ok');
    expect(lab.images.did).toEqual([`import ${PAUSE}`, `import ${WEB}`, `pin ${PAUSE}`, `pin ${WEB}`, 'pin registry.example/c:1']);
    expect(await lab.step.revert(wanted, prior, lab.context())).toEqual({ ok: true });
    expect(lab.images.state).toEqual(before);
  });

  test('move a name that points elsewhere, and it goes back with its pin', async () => {
    const wanted = archivesOf();
    lab.images.holds(PAUSE, 'sha256:older', true);
    const before = lab.images.state;
    const { prior, code } = await runWhole(lab.step, wanted, lab.context());
    expect(code).toBe('ok');
    lab.images.forgets('sha256:older');
    expect(codeOf(await lab.step.canRevert(wanted, prior, lab.context()))).toBe(`prior-unavailable ${PAUSE}`);
    lab.images.holds('sha256:older', 'sha256:older');
    expect(await lab.step.canRevert(wanted, prior, lab.context())).toEqual({ ok: true });
    expect(await lab.step.revert(wanted, prior, lab.context())).toEqual({ ok: true });
    expect(lab.images.state).toEqual(before);
  });

  test('stay where somebody else gave the image another name meanwhile, and a name that was moved on is theirs', async () => {
    const wanted = archivesOf();
    const [web, c] = [idOf(wanted, WEB), idOf(wanted, 'registry.example/c:1')];
    lab.images.holds(WEB, 'sha256:older');
    // The image without its name: a person took it away.
    lab.images.holds(c, c);
    const { prior } = await runWhole(lab.step, wanted, lab.context());
    lab.images.holds('registry.example/theirs:1', web);
    for (const name of [PAUSE, WEB]) lab.images.holds(name, 'sha256:newer');
    expect(await lab.step.revert(wanted, prior, lab.context())).toEqual({ ok: true });
    const ids = ['sha256:older', 'sha256:newer', web, c].map((id) => `${id} ${id}`);
    expect(lab.images.state).toEqual([`registry.example/theirs:1 ${web}`, `${PAUSE} sha256:newer`, `${WEB} sha256:newer`, ...ids].toSorted());
  });

  test('are put back whole from wherever the host died, and finish when they are begun again', async () => {
    const foreign = ['registry.example/foreign:1', 'sha256:foreign'] as const;
    let deaths = 0;
    for (let deed = 0; ; deed += 1) {
      const one = new ImagesLab();
      try {
        const wanted = { ...archivesOf(true), source: { kind: 'containerd' as const, archives: [one.offers({ name: PAUSE, says: 'pause' }), one.offers({ name: WEB, says: 'web' })] } };
        one.images.holds(...foreign);
        one.images.holds(PAUSE, 'sha256:older', true);
        const before = one.images.state;
        const prior = await upToCapture(one.step, wanted, one.context());
        one.images.diesBefore = deed;
        const died = await one.step.apply(wanted, prior, one.context()).then(() => false, () => true);
        one.images.diesBefore = Number.POSITIVE_INFINITY;
        if (!died) break;
        deaths += 1;
        if (deed % 2 === 0) {
          expect(await one.step.apply(wanted, prior, one.context())).toEqual({ ok: true });
          expect(await one.step.verify(wanted, prior, one.context())).toEqual({ ok: true });
        }
        one.images.diesBefore = one.images.deeds + 1;
        await one.step.revert(wanted, prior, one.context()).catch(() => undefined);
        one.images.diesBefore = Number.POSITIVE_INFINITY;
        expect(await one.step.revert(wanted, prior, one.context())).toEqual({ ok: true });
        expect(one.images.state).toEqual(before);
      } finally {
        one.end();
      }
    }
    expect(deaths).toBe(4);
  });

  test('that are not what the plan says are refused while nothing is changed', async () => {
    const archive = lab.offers({ name: PAUSE, says: 'pause' }, { name: WEB, says: 'web' });
    const [pause, web] = archive.images;
    const stage = async (images: typeof archive.images): Promise<string> => {
      const staged = await lab.step.stage(spec({ kind: 'containerd', archives: [{ ...archive, images }] }), lab.context());
      return staged.ok ? 'ok' : `${staged.outcome.code}: ${staged.outcome.message.replace(/^archive \w+ /, '')}`;
    };
    expect(await stage([pause!, web!])).toBe('ok');
    expect(await stage([pause!])).toBe(`image-mismatch: holds ${WEB} too; name it in the plan, or take it out of the archive`);
    expect(await stage([pause!, web!, { ...web!, name: 'registry.example/c:1' }])).toBe(`image-mismatch: does not hold registry.example/c:1; it holds ${PAUSE}, ${WEB}`);
    expect(await stage([pause!, { ...web!, id: 'sha256:other' }])).toBe(`image-mismatch: holds ${WEB} as ${web!.id}, the plan says sha256:other`);
    const broken = lab.offersBytes(Buffer.from('no archive'));
    expect(codeOf(await lab.step.stage(spec({ kind: 'containerd', archives: [{ ...broken, images: [pause!] }] }), lab.context()))).toBe(`image-mismatch ${broken.sha256}`);
    expect(lab.images.did).toEqual([]);
  });

  test('that come as something else are an error, and go again', async () => {
    const wanted = archivesOf();
    lab.images.comesAs = 'sha256:other';
    const { prior, code } = await runWhole(lab.step, wanted, lab.context());
    expect(code).toBe(`image-mismatch ${PAUSE}`);
    expect(codeOf(await lab.step.verify(wanted, prior, lab.context()))).toBe(`verify-failed ${PAUSE}`);
  });

  test('need a runtime that answers', async () => {
    const wanted = archivesOf();
    lab.images.silent = 'cannot connect to containerd';
    expect(codeOf(await lab.step.check(wanted, lab.context()))).toBe('runtime-unready containerd');
  });

  test('do not need its CRI, which packages of Docker’s leave off', async () => {
    const wanted = archivesOf();
    lab.images.cri.silent = 'unknown service runtime.v1.RuntimeService';
    lab.images.takesNote = false;
    const { prior, code } = await runWhole(lab.step, wanted, lab.context());
    expect(code).toBe('ok');
    // It is on now.
    lab.images.cri.silent = '';
    lab.images.takesNote = true;
    expect(lab.images.state).toHaveLength(6);
    expect(await lab.step.revert(wanted, prior, lab.context())).toEqual({ ok: true });
    expect(lab.images.state).toEqual([]);
  });
});

describe('images of Docker', () => {
  const wanted = spec({ kind: 'docker', images: [WEB, 'docker.io/library/db:1'] }, true);

  test('are streamed one by one with progress, compared by ID, and not streamed twice', async () => {
    lab.images.docker.set(WEB, { id: 'sha256:web', sizeBytes: 200 * 2 ** 20 });
    lab.images.docker.set('docker.io/library/db:1', { id: 'sha256:db', sizeBytes: 10 });
    const prior = await upToCapture(lab.step, wanted, lab.context());
    lab.images.diesBefore = 3;
    await expect(lab.step.apply(wanted, prior, lab.context())).rejects.toThrow('died');
    lab.images.diesBefore = Number.POSITIVE_INFINITY;
    expect(await lab.step.apply(wanted, prior, lab.context())).toEqual({ ok: true });
    expect(lab.images.did.filter((deed) => deed.startsWith('stream'))).toEqual([`stream ${WEB}`, 'stream docker.io/library/db:1']);
    expect(lab.output).toContain(`${WEB}: 200 MiB\n`);
    expect(await lab.step.verify(wanted, prior, lab.context())).toEqual({ ok: true });
    expect(await lab.step.revert(wanted, prior, lab.context())).toEqual({ ok: true });
    expect(lab.images.state).toEqual([]);
  });

  test('that Docker does not have are told before anything is changed', async () => {
    lab.images.docker.set(WEB, { id: 'sha256:web', sizeBytes: 10 });
    expect(codeOf(await lab.step.stage(wanted, lab.context()))).toBe('image-unknown docker.io/library/db:1');
    expect(codeOf(await lab.step.check(wanted, lab.context()))).toBe('image-unknown docker.io/library/db:1');
    lab.images.docker.set('docker.io/library/db:1', { id: 'sha256:db', sizeBytes: 2 ** 60 });
    expect(codeOf(await lab.step.stage(wanted, lab.context()))).toMatch(/^disk-full /);
    lab.images.dockerSilent = 'this host has no program docker';
    expect(codeOf(await lab.step.stage(wanted, lab.context()))).toBe('runtime-unready docker');
  });
});

describe('archives into K3s', () => {
  function intoK3s(): ImagesSpec {
    return spec({ kind: 'k3s', archives: [{ ...lab.offers({ name: PAUSE, says: 'pause' }), fileName: 'site.tar' }] });
  }

  test('are renamed into its folder, and the folder goes where it came with them', async () => {
    const before = lab.k3sFiles();
    const { prior, code } = await runWhole(lab.step, intoK3s(), lab.context());
    expect(code).toBe('ok');
    expect(lab.k3sFiles().map((line) => line.split(' ')[0])).toEqual(['/rancher/agent/images/', '/rancher/agent/images/site.tar']);
    expect(await lab.step.check(intoK3s(), lab.context())).toEqual({ ok: true, state: 'satisfied' });
    expect(await lab.step.revert(intoK3s(), prior, lab.context())).toEqual({ ok: true });
    expect(await lab.step.revert(intoK3s(), prior, lab.context())).toEqual({ ok: true });
    expect(lab.k3sFiles()).toEqual(before);
  });

  test('take the place of an archive of that name, which comes back', async () => {
    mkdirSync(lab.k3sImages);
    writeFileSync(join(lab.k3sImages, 'site.tar'), 'older');
    const before = lab.k3sFiles();
    const { prior, code } = await runWhole(lab.step, intoK3s(), lab.context());
    expect(code).toBe('ok');
    expect(await lab.step.canRevert(intoK3s(), prior, lab.context())).toEqual({ ok: true });
    expect(await lab.step.revert(intoK3s(), prior, lab.context())).toEqual({ ok: true });
    expect(lab.k3sFiles()).toEqual(before);
  });

  test('need K3s', async () => {
    lab.runsK3s = false;
    expect(codeOf(await lab.step.stage(intoK3s(), lab.context()))).toBe('unit-not-found k3s.service');
  });
});
