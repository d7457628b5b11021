import { expect, test } from 'vitest';

import { formatDiagnostic } from '../../../shared/plan/format-diagnostic.ts';
import { parsePlan } from '../../../shared/plan/parse-plan.ts';

const SHA256 = 'ab'.repeat(32);

function plan(...steps: readonly string[]): string {
  return `apiVersion: farrier/v1\nkind: Plan\nmetadata: { name: etcd }\nspec:\n  steps:\n${steps.map((step) => `    - ${step}\n`).join('')}`;
}

test('upgrades, as a person writes them', () => {
  const parsed = parsePlan(plan(`etcdUpgrade: { version: 3.5.32, binary: { sha256: "${SHA256}", size: 5 }, crossesMinor: true }`, `etcdUpgrade: { unit: etcd-events.service, version: 3.6.11, binary: { sha256: "${SHA256}", size: 5 }, timeout: 20m }`), 'f');
  expect(parsed.ok && parsed.plan.steps).toEqual([
    { kind: 'etcd_upgrade', name: 'etcd-upgrade', timeoutMs: 600_000, unit: 'etcd.service', version: '3.5.32', binary: { sha256: SHA256, size: 5 }, crossesMinor: true },
    { kind: 'etcd_upgrade', name: 'etcd-upgrade-2', timeoutMs: 1_200_000, unit: 'etcd-events.service', version: '3.6.11', binary: { sha256: SHA256, size: 5 }, crossesMinor: false },
  ]);
});

test('what gives etcd space, with what stands where nothing is written', () => {
  const parsed = parsePlan(plan('etcdDefragment: {}', 'etcdDefragment: { fromFragmentedPercent: 20, fromQuotaPercent: 100, timeout: 5m }', 'etcdDisarm: {}', 'etcdDisarm: { keepRevisions: 0 }'), 'f');
  expect(parsed.ok && parsed.plan.steps).toEqual([
    { kind: 'etcd_defragment', name: 'etcd-defragment', timeoutMs: 3_600_000, fromFragmentedPercent: 45, fromQuotaPercent: 80 },
    { kind: 'etcd_defragment', name: 'etcd-defragment-2', timeoutMs: 300_000, fromFragmentedPercent: 20, fromQuotaPercent: 100 },
    { kind: 'etcd_disarm', name: 'etcd-disarm', timeoutMs: 3_600_000, keepRevisions: 1_000 },
    { kind: 'etcd_disarm', name: 'etcd-disarm-2', timeoutMs: 3_600_000, keepRevisions: 0 },
  ]);
});

test('every mistake at once, with its place and its remedy', () => {
  const parsed = parsePlan(plan('etcdUpgrade: { unit: etcd, version: latest, binary: { sha256: abc, size: big }, crossesMinor: 1, timeout: 20s }', 'etcdDefragment: { fromFragmentedPercent: 45% }', 'etcdDisarm: { keepRevisions: -1 }'), 'f');
  expect(parsed.ok ? [] : parsed.diagnostics.map(formatDiagnostic)).toMatchInlineSnapshot(`
    [
      "f:6:28 spec.steps[0].etcdUpgrade.unit: is "etcd"; it has to be the name of a unit, as etcd.service",
      "f:6:43 spec.steps[0].etcdUpgrade.version: is "latest"; it has to be a version of etcd as \`etcd --version\` prints it: 3.5.32",
      "f:6:69 spec.steps[0].etcdUpgrade.binary.sha256: is "abc"; it has to be the sha256 of an artifact, 64 lower-case hex digits, as \`farrier artifact ls\` shows it",
      "f:6:80 spec.steps[0].etcdUpgrade.binary.size: is "big"; it has to be a whole number from 1 to 17179869184",
      "f:6:101 spec.steps[0].etcdUpgrade.crossesMinor: is 1; it has to be true or false",
      "f:6:113 spec.steps[0].etcdUpgrade.timeout: is "20s"; it has to be from 3m to 1d",
      "f:7:48 spec.steps[1].etcdDefragment.fromFragmentedPercent: is "45%"; it has to be a whole number from 0 to 100",
      "f:8:36 spec.steps[2].etcdDisarm.keepRevisions: is -1; it has to be a whole number from 0 to 10000000",
    ]
  `);
});
