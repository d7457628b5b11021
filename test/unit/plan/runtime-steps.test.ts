import { expect, test } from 'vitest';

import { formatDiagnostic } from '../../../shared/plan/format-diagnostic.ts';
import { parsePlan } from '../../../shared/plan/parse-plan.ts';

const SHA256 = 'ab'.repeat(32);
const ID = `sha256:${'cd'.repeat(32)}`;
const archive = `sha256: "${SHA256}", size: 5`;

function plan(...steps: readonly string[]): string {
  return `apiVersion: farrier/v1\nkind: Plan\nmetadata: { name: runtimes }\nspec:\n  steps:\n${steps.map((step) => `    - ${step}\n`).join('')}`;
}

function diagnosticsOf(...steps: readonly string[]): readonly string[] {
  const parsed = parsePlan(plan(...steps), 'f');
  return parsed.ok ? [] : parsed.diagnostics.map(formatDiagnostic);
}

test('images and a probe of a runtime, as a person writes them', () => {
  const parsed = parsePlan(plan(
    `images: { archives: [{ ${archive}, images: { registry.k8s.io/pause:3.10: "${ID}", docker.io/library/a:1: "${ID}" } }], pin: true }`,
    `images: { into: k3s, archives: [{ ${archive}, file: site.tar.zst, images: { own:5000/a:1: "${ID}" } }] }`,
    'images: { fromDocker: [docker.io/library/web:1], timeout: 1h }',
    `criProbe: { handler: crun, image: registry.example/hello:1, id: "${ID}", archive: { ${archive} }, annotations: { run.oci.handler: wasm }, expect: hello from wasm }`,
    `criProbe: { runtime: k3s, image: registry.example/hello:1, id: "${ID}", expect: hello }`,
  ), 'f');
  const ref = { sha256: SHA256, size: 5 };
  expect(parsed.ok && parsed.plan.steps).toEqual([
    { kind: 'images', name: 'images', timeoutMs: 1_800_000, pin: true, source: { kind: 'containerd', archives: [{ ...ref, images: [{ name: 'docker.io/library/a:1', id: ID }, { name: 'registry.k8s.io/pause:3.10', id: ID }] }] } },
    { kind: 'images', name: 'images-2', timeoutMs: 1_800_000, pin: false, source: { kind: 'k3s', archives: [{ ...ref, fileName: 'site.tar.zst', images: [{ name: 'own:5000/a:1', id: ID }] }] } },
    { kind: 'images', name: 'images-3', timeoutMs: 3_600_000, pin: false, source: { kind: 'docker', images: ['docker.io/library/web:1'] } },
    { kind: 'cri_probe', name: 'probe-crun', timeoutMs: 180_000, runtime: 'containerd', handler: 'crun', image: { name: 'registry.example/hello:1', id: ID }, archive: ref, annotations: [{ key: 'run.oci.handler', value: 'wasm' }], expect: 'hello from wasm' },
    { kind: 'cri_probe', name: 'probe-runtime', timeoutMs: 180_000, runtime: 'k3s', handler: '', image: { name: 'registry.example/hello:1', id: ID }, archive: null, annotations: [], expect: 'hello' },
  ]);
});

test('every mistake at once, with its place and its remedy', () => {
  expect(diagnosticsOf(
    `images: { into: docker, archives: [{ ${archive}, images: {} }], pin: "yes" }`,
    `images: { archives: [{ ${archive}, file: a.tar, images: { pause: "${ID}", registry.k8s.io/pause:3.10: latest } }], fromDocker: [web:1] }`,
    'images: { into: k3s, fromDocker: [docker.io/library/web:1, docker.io/library/web:1], pin: true }',
    `images: { into: k3s, archives: [{ ${archive}, images: { registry.k8s.io/pause:3.10: "${ID}" } }, { ${archive}, file: ../a.tar, images: { registry.k8s.io/pause:3.10: "${ID}" } }] }`,
    'images: { pin: true }',
    'criProbe: { handler: Crun, image: hello, id: 5, annotations: { "a b": x, c: 5 }, command: [ls] }',
  )).toMatchInlineSnapshot(`
    [
      "f:6:23 spec.steps[0].images.into: is "docker"; it has to be "containerd" or "k3s"",
      "f:6:137 spec.steps[0].images.archives[0].images: names no image; name what the archive holds, each with its ID",
      "f:6:149 spec.steps[0].images.pin: is "yes"; it has to be true or false",
      "f:7:115 spec.steps[1].images.archives[0].file: is for K3s; add into: k3s, or take it out",
      "f:7:138 spec.steps[1].images.archives[0].images.pause: "pause" is no whole name of an image, with its registry and a tag, as registry.k8s.io/pause:3.10",
      "f:7:248 spec.steps[1].images.archives[0].images["registry.k8s.io/pause:3.10"]: is "latest"; it has to be the ID of an image, the digest of its configuration, as \`crictl images --no-trunc\` shows it: sha256:…",
      "f:7:261 spec.steps[1].images.fromDocker: stands beside archives; make them two steps, so that each can be reverted by itself",
      "f:7:274 spec.steps[1].images.fromDocker[0]: is "web:1"; it has to be the whole name of an image, with its registry and a tag, as registry.k8s.io/pause:3.10",
      "f:8:28 spec.steps[2].images.fromDocker: goes into containerd; K3s takes archives: write them with \`docker save\` and name them here",
      "f:8:66 spec.steps[2].images.fromDocker[1]: "docker.io/library/web:1" stands in this step already; keep one of them",
      "f:8:97 spec.steps[2].images.pin: is for containerd; K3s pins what it imports by itself: take it out",
      "f:9:39 spec.steps[3].images.archives[0]: has no file; say what the archive is called in K3s’ folder of images",
      "f:9:336 spec.steps[3].images.archives[1].file: is "../a.tar"; it has to be the name of an archive that K3s imports, as site-images.tar.zst",
      "f:9:384 spec.steps[3].images.archives[1].images["registry.k8s.io/pause:3.10"]: "registry.k8s.io/pause:3.10" stands in this step already; keep one of them",
      "f:10:15 spec.steps[4].images: names no image; write archives, or fromDocker",
      "f:11:7 spec.steps[5].criProbe.expect: is missing; it has to be what the container has to write, one line of it",
      "f:11:28 spec.steps[5].criProbe.handler: is "Crun"; it has to be the name of a runtime, which a RuntimeClass has as its handler: lower-case letters, digits and "-", as crun",
      "f:11:41 spec.steps[5].criProbe.image: is "hello"; it has to be the whole name of an image, with its registry and a tag, as registry.k8s.io/pause:3.10",
      "f:11:52 spec.steps[5].criProbe.id: is 5, which YAML does not read as text; put it in quotes",
      "f:11:70 spec.steps[5].criProbe.annotations["a b"]: "a b" is no key of an annotation",
      "f:11:83 spec.steps[5].criProbe.annotations.c: is 5; it has to be one line of text: put it in quotes",
      "f:11:88 spec.steps[5].criProbe.command: "command" is not known here; the known keys are runtime, handler, image, id, archive, annotations, expect, timeout",
    ]
  `);
});

test('packages whose runtime is probed are proved', () => {
  const packages = 'packages: { install: { crun: 1.21-1 }, sources: [local] }';
  expect(diagnosticsOf(packages, `criProbe: { image: registry.example/hello:1, id: "${ID}", expect: hello }`)).toEqual([]);
});
