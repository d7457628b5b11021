import { expect, test } from 'vitest';

import { ctrImageStore } from '../../../../agent/adapters/runtimes/ctr-image-store.ts';
import type { ProgramResult } from '../../../../agent/ports/programs.ts';

const signal = new AbortController().signal;
const ID = 'ab'.repeat(32);

/** As `ctr images list` prints them, 1.6 and 2.1 alike. */
const LISTED = `REF                         TYPE                                    DIGEST                                                                  SIZE      PLATFORMS   LABELS
docker.io/library/web:1     application/vnd.oci.image.index.v1+json sha256:${ID} 1.2 MiB   linux/amd64 io.cri-containerd.image=managed,io.cri-containerd.pinned=pinned
registry.example/broken:1   application/vnd.oci.image.index.v1+json sha256:${ID} 0.0 B     -           -
sha256:${ID} application/vnd.oci.image.index.v1+json sha256:${ID} 1.2 MiB   linux/amd64 io.cri-containerd.image=managed
`;

function storeOf(answer: Partial<ProgramResult>): { readonly store: ReturnType<typeof ctrImageStore>; readonly did: string[] } {
  const did: string[] = [];
  const result = { code: 0, stdout: '', stderr: '', ...answer };
  const run = async (argv: readonly string[]): Promise<ProgramResult> => (did.push(argv.join(' ')), result);
  return { did, store: ctrImageStore(run, async (from, to) => (did.push(`${from.join(' ')} | ${to.join(' ')}`), { from: { ...result, code: 0 }, to: result }), ['k3s', 'ctr']) };
}

test('what ctr lists', async () => {
  expect(await storeOf({ stdout: LISTED }).store.list({ signal })).toEqual([
    { name: 'docker.io/library/web:1', target: `sha256:${ID}`, pinned: true, managed: true },
    { name: 'registry.example/broken:1', target: `sha256:${ID}`, pinned: false, managed: false },
    { name: `sha256:${ID}`, target: `sha256:${ID}`, pinned: false, managed: true },
  ]);
  expect(await storeOf({ code: 1, stderr: 'time="…" level=warning\nctr: cannot access socket\n' }).store.list({ signal })).toBe('ctr: cannot access socket');
});

test('what ctr and docker are asked', async () => {
  const { store, did } = storeOf({});
  await store.importArchive('/a.tar', { signal });
  await store.importFromDocker('docker.io/library/web:1', { signal, passed: () => undefined });
  await store.point('a', 'b', { signal });
  await store.pin('a', true, { signal });
  await store.pin('a', false, { signal });
  await store.remove([], { signal });
  await store.remove(['a', 'b'], { signal });
  expect(did).toEqual([
    'k3s ctr --namespace k8s.io images import --no-unpack /a.tar',
    'docker image save docker.io/library/web:1 | k3s ctr --namespace k8s.io images import --no-unpack -',
    'k3s ctr --namespace k8s.io images tag --force b a',
    'k3s ctr --namespace k8s.io images label a io.cri-containerd.pinned=pinned',
    'k3s ctr --namespace k8s.io images label a io.cri-containerd.pinned=',
    'k3s ctr --namespace k8s.io images remove --sync a b',
  ]);
});

test('what Docker says of an image', async () => {
  expect(await storeOf({ stdout: `sha256:${ID} 1024\n` }).store.dockerImage('web:1', { signal })).toEqual({ id: `sha256:${ID}`, sizeBytes: 1024 });
  expect(await storeOf({ code: 1, stderr: 'Error: No such image: web:1\n' }).store.dockerImage('web:1', { signal })).toBeNull();
  expect(await storeOf({ code: 1, stderr: 'Cannot connect to the Docker daemon\n' }).store.dockerImage('web:1', { signal })).toBe('Cannot connect to the Docker daemon');
});

test('a program that is not there is told as such', async () => {
  const absent = async (): Promise<never> => Promise.reject(Object.assign(new Error('spawn ctr ENOENT'), { code: 'ENOENT' }));
  const store = ctrImageStore(absent, absent, ['ctr']);
  expect(await store.list({ signal })).toBe('this host has no program ctr');
  expect(await store.dockerImage('web:1', { signal })).toBe('this host has no program docker');
});
