import { expect, test } from 'vitest';

import { formatDiagnostic } from '../../../shared/plan/format-diagnostic.ts';
import { parsePlan } from '../../../shared/plan/parse-plan.ts';

const SHA256 = 'ab'.repeat(32);

function plan(...steps: readonly string[]): string {
  return `apiVersion: farrier/v1\nkind: Plan\nmetadata: { name: k3s }\nspec:\n  steps:\n${steps.map((step) => `    - k3s: ${step}\n`).join('')}`;
}

test('a server and an agent, as a person writes them', () => {
  const binary = `binary: { sha256: "${SHA256}", size: 71303168 }`;
  const parsed = parsePlan(plan(`{ role: server, version: v1.34.1+k3s1, ${binary}, crossesMinor: true, timeout: 20m }`, `{ role: agent, version: v1.34.1+k3s1, ${binary}, images: { sha256: "${SHA256}", size: 5, name: images.tar.zst } }`), 'f');
  expect(parsed.ok && parsed.plan.steps).toEqual([
    { kind: 'k3s', name: 'k3s-server', timeoutMs: 1_200_000, role: 'server', version: 'v1.34.1+k3s1', binary: { sha256: SHA256, size: 71_303_168 }, images: null, crossesMinor: true },
    { kind: 'k3s', name: 'k3s-agent', timeoutMs: 600_000, role: 'agent', version: 'v1.34.1+k3s1', binary: { sha256: SHA256, size: 71_303_168 }, images: { sha256: SHA256, size: 5, name: 'images.tar.zst' }, crossesMinor: false },
  ]);
});

test('every mistake at once, with its place and its remedy', () => {
  const parsed = parsePlan(plan('{ role: boss, version: "1.34", binary: { sha256: abc, size: big }, images: { sha256: 12, name: ../a.tar }, crossesMinor: "yes", timeout: 20s, channel: stable }', '{}'), 'f');
  expect(parsed.ok ? [] : parsed.diagnostics.map(formatDiagnostic)).toMatchInlineSnapshot(`
    [
      "f:6:20 spec.steps[0].k3s.role: is "boss"; it has to be "server" or "agent"",
      "f:6:35 spec.steps[0].k3s.version: is "1.34"; it has to be a version of K3s as \`k3s --version\` prints it: v1.34.1+k3s1",
      "f:6:61 spec.steps[0].k3s.binary.sha256: is "abc"; it has to be the sha256 of an artifact, 64 lower-case hex digits, as \`farrier artifact ls\` shows it",
      "f:6:72 spec.steps[0].k3s.binary.size: is "big"; it has to be a whole number from 1 to 17179869184",
      "f:6:79 spec.steps[0].k3s.images.size: is missing; it has to be a whole number from 1 to 17179869184",
      "f:6:97 spec.steps[0].k3s.images.sha256: is 12, which YAML does not read as text; put it in quotes",
      "f:6:107 spec.steps[0].k3s.images.name: is "../a.tar"; it has to be the name of an archive that K3s imports, as k3s-airgap-images-amd64.tar.zst",
      "f:6:133 spec.steps[0].k3s.crossesMinor: is "yes"; it has to be true or false",
      "f:6:149 spec.steps[0].k3s.timeout: is "20s"; it has to be from 1m to 1d",
      "f:6:154 spec.steps[0].k3s.channel: "channel" is not known here; the known keys are role, version, binary, images, crossesMinor, timeout",
      "f:7:7 spec.steps[1].k3s.role: is missing; it has to be "server" or "agent"",
      "f:7:7 spec.steps[1].k3s.version: is missing; it has to be a version of K3s as \`k3s --version\` prints it: v1.34.1+k3s1",
      "f:7:7 spec.steps[1].k3s.binary: is missing; it has to be a mapping with the keys sha256, size",
    ]
  `);
});
