import { describe, expect, test } from 'vitest';

import { hasRuntime, mergeTemplate, TEMPLATE_KINDS, templateKind } from '../../../../agent/steps/k3s-runtimes/containerd-template.ts';
import { mergeRegistries } from '../../../../agent/steps/k3s-runtimes/merge-registries.ts';
import type { K3sRuntime } from '../../../../shared/domain/steps/k3s-runtimes-spec.ts';
import { renderContainerdConfig, runtimesIn } from '../../../fleet/stand-ins/k3s/render-containerd.ts';

const [V3, V2] = TEMPLATE_KINDS;
const WASM: K3sRuntime = { name: 'crun-wasm', type: 'io.containerd.runc.v2', binary: '/usr/local/bin/crun', podAnnotations: ['module.wasm.image/*', 'run.oci.handler'] };
const KATA: K3sRuntime = { name: 'kata', type: 'io.containerd.kata.v2', binary: null, podAnnotations: [] };

describe('which template K3s reads', () => {
  test.each<[string, readonly string[], string]>([
    ['v1.30.14+k3s1', [], V2.file],
    ['v1.31.5+k3s1', [], V2.file],
    ['v1.31.6+k3s1', [], V3.file],
    ['v1.32.1+k3s1', [V3.file], V2.file],
    ['v1.32.2+k3s1', [], V3.file],
    ['v1.33.0+k3s1', [], V3.file],
    ['v1.33.0-rc1+k3s1', [], V3.file],
    ['v1.36.1+k3s1', [], V3.file],
    ['v1.34.1+k3s1', [V2.file], V2.file],
    ['v1.34.1+k3s1', [V2.file, V3.file], V3.file],
  ])('%s with %j: %s', (version, files, expected) => {
    expect(templateKind(version, (file) => files.includes(file)).file).toBe(expected);
  });
});

test('what there was none of begins with the base, in the words of either version', () => {
  expect(mergeTemplate(null, V3, [WASM, KATA])).toMatchInlineSnapshot(`
    "{{ template "base" . }}

    # Runtimes added by Farrier; what stands between these two lines is written anew.
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.'crun-wasm']
      runtime_type = "io.containerd.runc.v2"
      pod_annotations = ["module.wasm.image/*", "run.oci.handler"]
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.'crun-wasm'.options]
      BinaryName = "/usr/local/bin/crun"
      SystemdCgroup = {{ .SystemdCgroup }}
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.'kata']
      runtime_type = "io.containerd.kata.v2"
    # End of the runtimes added by Farrier.
    "
  `);
  expect(mergeTemplate(null, V2, [KATA])).toContain("[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.'kata']\n");
  expect(mergeTemplate(null, V3, [])).toBeNull();
});

test.each([[V3, 'v1.34.1+k3s1'], [V2, 'v1.30.14+k3s1']] as const)('K3s makes of it what it would have made, and the runtimes: %o', (kind, version) => {
  const rendered = renderContainerdConfig(version, (file) => (file === kind.file ? mergeTemplate(null, kind, [WASM, KATA]) : null));
  expect(runtimesIn(rendered)).toEqual(['crun-wasm', 'kata', 'runc']);
  expect(rendered.startsWith(renderContainerdConfig(version, () => null))).toBe(true);
  // Different drivers would make the kubelet guess.
  expect(rendered.match(/SystemdCgroup = true/g)).toHaveLength(2);
});

describe('what a person wrote stays, byte by byte', () => {
  const OWN = '{{ template "base" . }}\n\n# ours since 2024\n[plugins.\'io.containerd.cri.v1.runtime\'.cdi]\n  enable = true';

  test('around what is added, changed and taken away again', () => {
    const added = mergeTemplate(OWN, V3, [KATA]);
    expect(added?.startsWith(`${OWN}\n`)).toBe(true);
    const after = `${added}# the last word\n`;
    const changed = mergeTemplate(after, V3, [WASM]);
    expect(changed).toBe(mergeTemplate(OWN, V3, [WASM])?.concat('# the last word\n'));
    expect(mergeTemplate(changed, V3, [WASM])).toBe(changed);
    expect(mergeTemplate(changed, V3, [])).toBe(`${OWN}\n\n# the last word\n`);
  });

  test('nothing is added where nothing is wanted, and an empty file gets the base', () => {
    expect(mergeTemplate(OWN, V3, [])).toBe(OWN);
    expect(mergeTemplate('', V3, [KATA])).toMatch(/^\{\{ template "base" \. \}\}\n\n#/);
  });
});

test.each([
  ["[plugins.'x'.containerd.runtimes.'kata']\n", true],
  ['  [plugins."x".containerd.runtimes."kata".options]\n', true],
  ['[plugins.x.containerd.runtimes.kata]\n', true],
  ['# [plugins.x.containerd.runtimes.kata]\n', false],
  ['[plugins.x.containerd.runtimes.kata-qemu]\n', false],
  ['default_runtime_name = "kata"\n', false],
])('%s has a runtime kata: %s', (text, expected) => {
  expect(hasRuntime(text, 'kata')).toBe(expected);
});

describe('registries.yaml', () => {
  const MIRRORS = [{ host: 'docker.io', endpoints: ['https://m1:5000', 'https://m2'] }];

  test.each<[string, string | null, string | null]>([
    ['none yet', null, 'mirrors:\n  docker.io:\n    endpoint:\n      - https://m1:5000\n      - https://m2\n'],
    ['an empty one', '\n', 'mirrors:\n  docker.io:\n    endpoint:\n      - https://m1:5000\n      - https://m2\n'],
    [
      'one with credentials, comments and another host',
      '# by ann\nmirrors:\n  quay.io:\n    # the other\n    endpoint:\n      - https://q\nconfigs:\n  m1:5000:\n    auth: { username: u, password: p }\n',
      '# by ann\nmirrors:\n  quay.io:\n    # the other\n    endpoint:\n      - https://q\n  docker.io:\n    endpoint:\n      - https://m1:5000\n      - https://m2\nconfigs:\n  m1:5000:\n    auth: { username: u, password: p }\n',
    ],
    ['one whose rewrites stay', 'mirrors:\n  docker.io:\n    endpoint: [https://old]\n    rewrite:\n      "^a/(.*)": "b/$1"\n', 'mirrors:\n  docker.io:\n    endpoint:\n      - https://m1:5000\n      - https://m2\n    rewrite:\n      "^a/(.*)": "b/$1"\n'],
    ['no mapping', '- a\n', null],
    ['no YAML', 'mirrors: [', null],
  ])('%s', async (_name, text, expected) => {
    expect(await mergeRegistries(text, MIRRORS)).toBe(expected);
  });
});
