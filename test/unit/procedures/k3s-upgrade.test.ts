import { describe, expect, test } from 'vitest';

import { findFindings } from '../../../coordinator/runtime/find-findings.ts';
import type { K3sUpgrade } from '../../../shared/domain/procedure.ts';
import { parsePlan } from '../../../shared/plan/parse-plan.ts';
import type { ProcedureNode } from '../../../shared/procedures/composition.ts';
import { planK3sUpgrade } from '../../../shared/procedures/kubernetes/k3s-upgrade.ts';
import { composedLines } from '../../support/composed-lines.ts';
import { aK3sNode as node } from '../../support/example-cluster.ts';

const BUILD = `amd64: { binary: { sha256: ${'a'.repeat(64)}, size: 70 }, images: { name: k3s-airgap-images-amd64.tar.zst, sha256: ${'b'.repeat(64)}, size: 200 } }`;

function procedureOf(...versions: readonly string[]): K3sUpgrade {
  const releases = versions.map((version) => `{ version: ${version}, ${BUILD} }`).join(', ');
  const parsed = parsePlan(`apiVersion: farrier/v1\nkind: Plan\nmetadata: { name: p }\nspec:\n  procedure: { k3s-upgrade: { version: ${versions.at(-1)}, releases: [${releases}], pointsOfNoReturn: [control-plane] } }\n`, 'p.yaml');
  if (!parsed.ok || parsed.plan.procedure?.kind !== 'k3s-upgrade') throw new Error(JSON.stringify(parsed));
  return parsed.plan.procedure;
}

function hopsOf(procedure: K3sUpgrade, nodes: readonly ProcedureNode[]): string[] {
  const planned = planK3sUpgrade(procedure, nodes);
  if (!planned.ok) throw new Error(planned.problems[0]?.message);
  return planned.hops.map(({ target, steps, order, noReturn }) => `${target}: ${[...steps.keys()].join(' ')}, ahead ${[...order.controlPlane].join(' ')}, past return ${[...noReturn].join(' ')}`);
}

const CLUSTER = [node('s-1', '1.33.7+k3s3'), node('s-2', '1.33.7+k3s3'), node('a-1', '1.33.7+k3s3')];

describe('K3s', () => {
  test('servers go ahead, with the minor that they cross as a point of no return', () => {
    const procedure = procedureOf('v1.34.1+k3s1');
    expect(hopsOf(procedure, CLUSTER)).toEqual(['v1.34.1+k3s1: a-1 s-1 s-2, ahead s-1 s-2, past return s-1 s-2']);
    expect(composedLines(planK3sUpgrade(procedure, CLUSTER))).toEqual([
      ['a-1', 'k3s-agent: role agent: K3s v1.33.7+k3s3 is below v1.34.1+k3s1'],
      ['s-1', 'k3s-server: role server: K3s v1.33.7+k3s3 is below v1.34.1+k3s1'],
      ['s-2', 'k3s-server: role server: K3s v1.33.7+k3s3 is below v1.34.1+k3s1'],
    ]);
    const planned = planK3sUpgrade(procedure, CLUSTER);
    expect(planned.ok && planned.hops[0]?.steps.get('s-1')?.[0]?.step).toMatchObject({ kind: 'k3s', role: 'server', crossesMinor: true, binary: { size: 70 }, images: { name: 'k3s-airgap-images-amd64.tar.zst' } });
  });

  test('within a minor everything can be brought back; a build of the same version is another one', () => {
    expect(hopsOf({ ...procedureOf('v1.33.7+k3s4'), pointsOfNoReturn: [] }, CLUSTER)).toEqual(['v1.33.7+k3s4: a-1 s-1 s-2, ahead s-1 s-2, past return ']);
  });

  test('every minor for servers and agents', () => {
    expect(hopsOf(procedureOf('v1.34.9+k3s1', 'v1.35.4+k3s1'), CLUSTER)).toEqual([
      'v1.34.9+k3s1: a-1 s-1 s-2, ahead s-1 s-2, past return s-1 s-2',
      'v1.35.4+k3s1: a-1 s-1 s-2, ahead s-1 s-2, past return s-1 s-2',
    ]);
  });

  test('an agent that stayed behind its servers catches up minor by minor', () => {
    const cluster = [node('s-1', '1.34.9+k3s1'), node('a-1', '1.33.7+k3s3')];
    expect(hopsOf(procedureOf('v1.34.9+k3s1', 'v1.35.4+k3s1'), cluster)).toEqual([
      'v1.34.9+k3s1: a-1, ahead , past return ',
      'v1.35.4+k3s1: a-1 s-1, ahead s-1, past return s-1',
    ]);
  });

  test('no hop is one that preflight refuses', () => {
    const planned = planK3sUpgrade(procedureOf('v1.34.9+k3s1', 'v1.35.4+k3s1'), CLUSTER);
    if (!planned.ok) throw new Error(planned.problems[0]?.message);
    const codes = findFindings(planned.hops, new Map(CLUSTER.map((each) => [each.name, each])), new Map(), 0).map(({ code }) => code);
    expect(codes).not.toContain('minor-skipped');
  });

  test.each<[string, K3sUpgrade, readonly ProcedureNode[], RegExp]>([
    ['a minor is skipped', procedureOf('v1.35.4+k3s1'), CLUSTER, /no minor may be skipped.*write releases with a patch version for each: v1\.34\.x, v1\.35\.4\+k3s1/u],
    ['no build for an architecture', procedureOf('v1.34.1+k3s1'), [...CLUSTER, { ...node('a-2', '1.33.7+k3s3'), facts: { ...CLUSTER[2]!.facts!, architecture: 'arm64' } }], /^a-2 are arm64, and releases has no build of v1\.34\.1\+k3s1/u],
    ['a point of no return that is not named', { ...procedureOf('v1.34.1+k3s1'), pointsOfNoReturn: [] }, CLUSTER, /the control plane of s-1, s-2 cannot be brought back.*pointsOfNoReturn: \[control-plane\]/u],
  ])('refuses where %s', (_, procedure, nodes, message) => {
    const planned = planK3sUpgrade(procedure, nodes);
    expect(planned.ok ? [] : planned.problems.map((problem) => problem.message)).toEqual([expect.stringMatching(message)]);
  });
});
