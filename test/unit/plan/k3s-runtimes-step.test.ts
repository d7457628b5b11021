import { expect, test } from 'vitest';

import { formatDiagnostic } from '../../../shared/plan/format-diagnostic.ts';
import { parsePlan } from '../../../shared/plan/parse-plan.ts';

function plan(...steps: readonly string[]): string {
  return `apiVersion: farrier/v1\nkind: Plan\nmetadata: { name: k3s }\nspec:\n  steps:\n${steps.map((step) => `    - k3sRuntimes: ${step}\n`).join('')}`;
}

test('runtimes and mirrors, as a person writes them, in an order that is nobody’s intent', () => {
  const parsed = parsePlan(plan('{ role: server, runtimes: [{ name: kata, type: io.containerd.kata.v2 }, { name: crun-wasm, binary: /usr/local/bin/crun, podAnnotations: ["module.wasm.image/*"] }], mirrors: [{ host: quay.io, endpoints: ["https://m"] }, { host: "*", endpoints: ["http://n:5000/v2"] }] }', '{ role: agent, runtimes: [] }'), 'f');
  expect(parsed.ok && parsed.plan.steps).toEqual([
    {
      ...{ kind: 'k3s_runtimes', name: 'k3s-runtimes-server', timeoutMs: 600_000, role: 'server' },
      runtimes: [{ name: 'crun-wasm', type: 'io.containerd.runc.v2', binary: '/usr/local/bin/crun', podAnnotations: ['module.wasm.image/*'] }, { name: 'kata', type: 'io.containerd.kata.v2', binary: null, podAnnotations: [] }],
      mirrors: [{ host: '*', endpoints: ['http://n:5000/v2'] }, { host: 'quay.io', endpoints: ['https://m'] }],
    },
    { kind: 'k3s_runtimes', name: 'k3s-runtimes-agent', timeoutMs: 600_000, role: 'agent', runtimes: [], mirrors: [] },
  ]);
});

test('every mistake at once, with its place and its remedy', () => {
  const parsed = parsePlan(plan('{ role: server, mirrors: [{ host: docker.io, endpoints: "https://images.example:5000/and-more" }] }', '{ role: boss, runtimes: [{ name: Kata, type: kata }, { name: a, binary: crun }, { name: a, podAnnotations: ["{{x}}"] }], mirrors: [{ host: docker.io, endpoints: [] }, { host: docker.io, endpoints: ["ftp://m"] }] }'), 'f');
  expect(parsed.ok ? [] : parsed.diagnostics.map(formatDiagnostic)).toMatchInlineSnapshot(`
    [
      "f:6:20 spec.steps[0].k3sRuntimes: does not say which runtimes Farrier keeps there; write runtimes with all of them, as those that are left out go: [] for none",
      "f:6:76 spec.steps[0].k3sRuntimes.mirrors[0].endpoints: is "https://images.example:5000/and-more"; it has to be a list of endpoints",
      "f:7:28 spec.steps[1].k3sRuntimes.role: is "boss"; it has to be "server" or "agent"",
      "f:7:53 spec.steps[1].k3sRuntimes.runtimes[0].name: is "Kata"; it has to be the name of a runtime, as a RuntimeClass names its handler: lower-case letters, digits and "-"",
      "f:7:65 spec.steps[1].k3sRuntimes.runtimes[0].type: is "kata"; it has to be the type of a runtime, as io.containerd.kata.v2",
      "f:7:92 spec.steps[1].k3sRuntimes.runtimes[1].binary: is "crun"; it has to be the absolute path of a program on the host, as /usr/local/bin/crun",
      "f:7:108 spec.steps[1].k3sRuntimes.runtimes[2].name: "a" is already the name of number 2; name each once",
      "f:7:128 spec.steps[1].k3sRuntimes.runtimes[2].podAnnotations[0]: is "{{x}}"; it has to be an annotation of pods, in which * stands for anything",
      "f:7:181 spec.steps[1].k3sRuntimes.mirrors[0].endpoints: is empty; at least 1 of endpoints has to stand here",
      "f:7:195 spec.steps[1].k3sRuntimes.mirrors[1].host: "docker.io" is already the host of number 1; name each once",
      "f:7:218 spec.steps[1].k3sRuntimes.mirrors[1].endpoints[0]: is "ftp://m"; it has to be where it is mirrored, as https://images.example:5000",
    ]
  `);
});
