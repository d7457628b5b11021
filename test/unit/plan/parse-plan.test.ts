import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import type { Diagnostic } from '../../../shared/domain/diagnostic.ts';
import { formatDiagnostic } from '../../../shared/plan/format-diagnostic.ts';
import { parsePlan } from '../../../shared/plan/parse-plan.ts';

const example = readFileSync(new URL('../../support/plans/containerd.yaml', import.meta.url), 'utf8');
const mistakes = readFileSync(new URL('../../support/plans/every-mistake.yaml', import.meta.url), 'utf8');

function diagnosticsOf(text: string): readonly Diagnostic[] {
  const parsed = parsePlan(text, 'fleet.yaml');
  return parsed.ok ? parsed.warnings : parsed.diagnostics;
}

function plan(spec: string): string {
  return `apiVersion: farrier/v1\nkind: Plan\nmetadata: { name: p }\nspec:\n${spec}`;
}

const STEPS = '  steps:\n    - packages: { install: { runc: 1.1.15 }, sources: [local] }\n    - service: { restart: a.service }\n';

test('a plan is read with its units resolved', () => {
  const parsed = parsePlan(example, 'fleet.yaml');
  expect(parsed).toMatchObject({
    ok: true,
    warnings: [],
    plan: {
      name: 'containerd-1-7',
      select: { labels: { role: 'worker' } },
      waves: [
        { name: 'canary', select: { labels: { canary: 'yes' } }, most: { unit: 'nodes', value: 1 }, soakMs: 30_000 },
        { name: 'rest', select: { labels: {} }, most: null, soakMs: 0 },
      ],
      maxUnavailable: { unit: 'percent', value: 40 },
      maxFailures: 1,
      onFailure: 'rollback',
      onSilence: 'revert',
      silenceMs: 600_000,
      minDonePercent: 80,
    },
  });
  const service = { kind: 'service', timeoutMs: 60_000, unit: 'containerd.service', looks: 5, lookIntervalMs: 2000 };
  expect(parsed.ok && parsed.plan.steps).toEqual([
    { ...service, name: 'guard-containerd.service', action: 'guard' },
    {
      kind: 'packages',
      name: 'packages',
      timeoutMs: 300_000,
      install: [
        { name: 'containerd', version: '1.7.24~ds1-6+b4' },
        { name: 'runc', version: '1.1.15' },
      ],
      sources: ['local'],
      conffiles: 'replace',
    },
    { ...service, name: 'restart-containerd.service', action: 'restart' },
  ]);
});

test('a step under procedure, or a procedure among steps, is told where it belongs', () => {
  const told = [...diagnosticsOf(plan('  procedure:\n    criProbe: {}\n')), ...diagnosticsOf(plan('  steps:\n    - containerd-config: {}\n'))];
  expect(told.map(formatDiagnostic)).toEqual([
    'fleet.yaml:6:5 spec.procedure.criProbe: "criProbe" does not belong here; move it under spec.steps',
    'fleet.yaml:6:7 spec.steps[0].containerd-config: "containerd-config" does not belong here; move it under spec.procedure',
  ]);
});

test('what a plan leaves out is careful', () => {
  expect(parsePlan(plan(STEPS), 'fleet.yaml')).toMatchObject({
    ok: true,
    plan: {
      select: { labels: {} },
      waves: [{ name: 'all', select: { labels: {} }, most: null, soakMs: 0 }],
      maxUnavailable: { unit: 'nodes', value: 1 },
      maxFailures: 0,
      onFailure: 'pause',
      onSilence: 'keep',
      silenceMs: 0,
      minDonePercent: 90,
      drain: 'auto',
      drainTimeoutMs: 600_000,
    },
  });
});

test('a procedure stands in place of steps', () => {
  const parsed = parsePlan(plan('  allowControlPlaneOutage: true\n  procedure:\n    packages: { install: { runc: 1.1.15 }, sources: [local], restart: [a.service] }\n'), 'fleet.yaml');
  expect(parsed).toMatchObject({ ok: true, warnings: [], plan: { allowControlPlaneOutage: true, steps: [] } });
  expect(parsed.ok && parsed.plan.procedure).toEqual({ kind: 'packages', install: [{ name: 'runc', version: '1.1.15' }], sources: ['local'], conffiles: 'keep', restart: ['a.service'] });
});

test('an agent is upgraded to one exact version, once', () => {
  const agent = plan('  steps:\n    - agent: { version: 0.2.0, sources: [local] }\n');
  const parsed = parsePlan(agent, 'fleet.yaml');
  expect(parsed).toMatchObject({ ok: true, plan: { steps: [{ kind: 'agent_upgrade', name: 'agent', timeoutMs: 600_000, version: '0.2.0', sources: ['local'], connectWithinMs: 180_000 }] } });
  expect(diagnosticsOf(agent.replace('0.2.0', 'latest')).map(({ path, code }) => [path, code])).toEqual([['spec.steps[0].agent.version', 'not-exact']]);
  expect(diagnosticsOf(agent.replace('version: 0.2.0, ', '')).map(({ path, code }) => [path, code])).toEqual([['spec.steps[0].agent.version', 'missing']]);
  expect(diagnosticsOf(agent.replace('[local]', '[local], connectWithin: 10m')).map(({ path, code }) => [path, code])).toEqual([['spec.steps[0].agent.timeout', 'conflict']]);
  expect(diagnosticsOf(`${agent}    - agent: { version: 0.3.0, sources: [local] }\n`).map(({ path, code }) => [path, code])).toEqual([['spec.steps[1].agent', 'conflict']]);
});

test('packages that go need no source and nothing that proves them', () => {
  const parsed = parsePlan(plan('  steps: [{ packages: { remove: [docker.io, containerd-stress] } }]\n'), 'p.yaml');
  expect(parsed).toMatchObject({ ok: true, warnings: [], plan: { steps: [{ kind: 'packages', name: 'remove-packages', timeoutMs: 600_000, install: [], sources: [], conffiles: 'keep', remove: ['containerd-stress', 'docker.io'] }] } });
});

test('every mistake of a file is told at once, where it stands', async () => {
  const lines = diagnosticsOf(mistakes).map((diagnostic) => `${formatDiagnostic(diagnostic)} [${diagnostic.code}]`);
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('every-mistake.txt');
});

describe('one mistake is one diagnostic', () => {
  test.each<[string, string, string]>([
    ['an unknown key', plan(`${STEPS}  maxUnavailble: 1\n`), '8:3 spec.maxUnavailble unknown-key'],
    ['a key on the wrong level', `waves: []\n${plan(STEPS)}`, '1:1 waves unknown-key'],
    ['a missing section', 'apiVersion: farrier/v1\nkind: Plan\nmetadata: { name: p }\n', '1:1 spec missing'],
    ['a missing value', plan('  steps:\n    - service: { looks: 3 }\n'), '6:16 spec.steps[0].service missing'],
    ['an empty value', plan(`  waves:\n${STEPS}`), '5:3 spec.waves empty'],
    ['a wrong type', plan(`${STEPS}  maxFailures: [1]\n`), '8:16 spec.maxFailures wrong-type'],
    ['a percentage over 100', plan(`${STEPS}  maxUnavailable: 101%\n`), '8:19 spec.maxUnavailable out-of-range'],
    ['no percent at all', plan(`${STEPS}  maxUnavailable: 0%\n`), '8:19 spec.maxUnavailable out-of-range'],
    ['a wave name twice', plan(`${STEPS}  waves:\n    - { name: a, most: 1 }\n    - { name: a }\n`), '10:15 spec.waves[1].name duplicate-name'],
    ['a wave name in capitals', plan(`${STEPS}  waves: [{ name: A }]\n`), '8:19 spec.waves[0].name bad-name'],
    ['a wave after one that takes all', plan(`${STEPS}  waves:\n    - { name: a }\n    - { name: b }\n`), '10:7 spec.waves[1] conflict'],
    ['the step name of another', plan('  steps:\n    - { name: x, service: { restart: a.service } }\n    - { name: x, service: { restart: b.service } }\n'), '7:15 spec.steps[1].name duplicate-name'],
    ['a version that is a number', plan('  steps: [{ packages: { install: { runc: 1.10 }, sources: [a] } }, { service: { restart: a.service } }]\n'), '5:42 spec.steps[0].packages.install.runc wrong-type'],
    ['a version that moves', plan('  steps: [{ packages: { install: { runc: latest }, sources: [a] } }, { service: { restart: a.service } }]\n'), '5:42 spec.steps[0].packages.install.runc not-exact'],
    ['a version with a wildcard', plan('  steps: [{ packages: { install: { runc: 1.1.* }, sources: [a] } }, { service: { restart: a.service } }]\n'), '5:42 spec.steps[0].packages.install.runc not-exact'],
    ['a pattern of packages', plan('  steps: [{ packages: { install: { "lib*": 1.1.1 }, sources: [a] } }, { service: { restart: a.service } }]\n'), '5:36 spec.steps[0].packages.install["lib*"] not-exact'],
    ['a source with a path', plan('  steps: [{ packages: { install: { runc: 1.1.1 }, sources: [../a] } }, { service: { restart: a.service } }]\n'), '5:61 spec.steps[0].packages.sources[0] bad-name'],
    ['a unit without its kind', plan('  steps: [{ service: { restart: k3s } }]\n'), '5:33 spec.steps[0].service.restart bad-name'],
    ['a unit that is a timer', plan('  steps: [{ service: { restart: a.timer } }]\n'), '5:33 spec.steps[0].service.restart bad-name'],
    ['a number for a duration', plan('  steps: [{ service: { restart: a.service, every: 5 } }]\n'), '5:51 spec.steps[0].service.every bad-duration'],
    ['a unit that is restarted and switched off at once', plan('  steps: [{ service: { restart: a.service, disable: a.service } }]\n'), '5:44 spec.steps[0].service.disable conflict'],
    ['a timeout that the looks outlast', plan('  steps: [{ service: { restart: a.service, looks: 60, every: 1s, timeout: 1m } }]\n'), '5:75 spec.steps[0].service.timeout conflict'],
    ['silence without onSilence', plan(`${STEPS}  silence: 5m\n`), '8:12 spec.silence no-effect'],
    ['revert without silence', plan(`${STEPS}  onSilence: revert\n`), '4:1 spec.silence missing'],
    ['packages that a unit which is switched off does not prove', plan('  steps: [{ packages: { install: { runc: 1.1.1 }, sources: [a] } }, { service: { disable: a.service } }]\n'), '5:11 spec.steps[0] nothing-proves'],
    ['packages without a source', plan('  steps: [{ packages: { install: { runc: 1.1.1 } } }, { service: { restart: a.service } }]\n'), '5:23 spec.steps[0].packages missing'],
    ['packages that go and come in one step', plan('  steps: [{ packages: { remove: [docker.io], install: { runc: 1.1.1 } } }]\n'), '5:25 spec.steps[0].packages.remove conflict'],
    ['a package that goes twice', plan('  steps: [{ packages: { remove: [docker.io, docker.io] } }]\n'), '5:45 spec.steps[0].packages.remove[1] duplicate-name'],
    ['a pattern of packages that go', plan('  steps: [{ packages: { remove: ["docker*"] } }]\n'), '5:34 spec.steps[0].packages.remove[0] bad-name'],
    ['packages that nothing proves', plan('  steps: [{ packages: { install: { runc: 1.1.1 }, sources: [a] } }]\n'), '5:11 spec.steps[0] nothing-proves'],
    ['steps and a procedure', plan(`${STEPS}  procedure: { packages: { install: { a1: "1" }, sources: [s] } }\n`), '8:3 spec.procedure conflict'],
    ['nothing to do', plan('  maxFailures: 1\n'), '5:3 spec missing'],
    ['no procedure', plan('  procedure: {}\n'), '5:14 spec.procedure missing'],
    ['an unknown procedure', plan('  procedure: { package: {} }\n'), '5:16 spec.procedure.package unknown-key'],
    ['a restart of no unit', plan('  procedure: { packages: { install: { a1: "1" }, sources: [s], restart: [k3s] } }\n'), '5:74 spec.procedure.packages.restart[0] bad-name'],
    ['a version that is a minor', plan('  procedure: { kubeadm-upgrade: { version: 1.34, sources: [s] } }\n'), '5:44 spec.procedure.kubeadm-upgrade.version wrong-type'],
    ['a version that moves', plan('  procedure: { kubeadm-upgrade: { version: stable, sources: [s] } }\n'), '5:44 spec.procedure.kubeadm-upgrade.version not-exact'],
    ['a hop past the target', plan('  procedure: { kubeadm-upgrade: { version: v1.34.1, hops: [v1.35.1], sources: [s] } }\n'), '5:60 spec.procedure.kubeadm-upgrade.hops[0] conflict'],
    ['a hop of the target’s minor', plan('  procedure: { kubeadm-upgrade: { version: v1.34.1, hops: [v1.34.0], sources: [s] } }\n'), '5:60 spec.procedure.kubeadm-upgrade.hops[0] conflict'],
    ['two hops of one minor', plan('  procedure: { kubeadm-upgrade: { version: v1.36.1, hops: [v1.34.0, v1.34.9], sources: [s] } }\n'), '5:69 spec.procedure.kubeadm-upgrade.hops[1] conflict'],
    ['an unknown point of no return', plan('  procedure: { kubeadm-upgrade: { version: v1.36.1, sources: [s], pointsOfNoReturn: [workers] } }\n'), '5:86 spec.procedure.kubeadm-upgrade.pointsOfNoReturn[0] not-allowed'],
    ['a release without a build', plan(`  procedure: { k3s-upgrade: { version: v1.34.1+k3s1, releases: [{ version: v1.34.1+k3s1 }] } }\n`), '5:65 spec.procedure.k3s-upgrade.releases[0] missing'],
    ['no release of the target', plan(`  procedure: { k3s-upgrade: { version: v1.35.1+k3s1, releases: [{ version: v1.34.1+k3s1, amd64: { binary: { sha256: ${'a'.repeat(64)}, size: 1 } } }] } }\n`), '5:64 spec.procedure.k3s-upgrade.releases missing'],
    ['a drain that is neither', plan(`${STEPS}  drain: yes\n`), '8:10 spec.drain not-allowed'],
    ['a time for a drain that never is', plan(`${STEPS}  drain: never\n  drainTimeout: 5m\n`), '9:17 spec.drainTimeout no-effect'],
    ['a quoted truth', plan(`${STEPS}  allowControlPlaneOutage: "yes"\n`), '8:28 spec.allowControlPlaneOutage wrong-type'],
    ['a key twice', plan(`${STEPS}  maxFailures: 1\n  maxFailures: 2\n`), '9:3  duplicate-key'],
    ['a tab', 'spec:\n\tsteps: []\n', '2:1  tab'],
    ['two documents', `${plan(STEPS)}---\na: 1\n`, '8:1  several-documents'],
    ['an empty file', '# nothing\n', '1:1  empty'],
    ['an alias without an anchor', 'spec: *nowhere\n', '1:7  bad-yaml'],
    ['an open quote', 'spec: "\n', '2:1  bad-yaml'],
    ['a tag', 'spec: !!js/function x\n', '1:7  bad-yaml'],
  ])('%s', (_, text, expected) => {
    expect(diagnosticsOf(text).map(({ line, column, path, code }) => `${line}:${column} ${path} ${code}`)).toEqual([expected]);
  });
});

describe('a file that would cost too much is refused by its limit', () => {
  test('its size', () => {
    const [found, ...more] = diagnosticsOf(`${plan(STEPS)}#${'x'.repeat(1024 * 1024)}`);
    expect(found).toMatchObject({ line: 1, column: 1, code: 'too-large' });
    expect(found?.message).toContain('1 MiB');
    expect(more).toEqual([]);
  });

  test('a file of just that size is read', () => {
    const text = plan(STEPS);
    expect(diagnosticsOf(`${text}#${'x'.repeat(1024 * 1024 - text.length - 1)}`)).toEqual([]);
  });

  test('aliases that double with each level', () => {
    const levels = Array.from({ length: 9 }, (_, index) => `l${index + 1}: &l${index + 1} [*l${index}, *l${index}, *l${index}, *l${index}]`);
    expect(diagnosticsOf(`l0: &l0 [a, b]\n${levels.join('\n')}\n`)).toMatchObject([{ code: 'too-many-aliases' }]);
  });

  test('very many aliases', () => {
    expect(diagnosticsOf(`x: &a 1\ny:\n${' - *a\n'.repeat(5000)}`)).toMatchObject([{ code: 'too-many-aliases', line: 103 }]);
  });

  test('deep nesting', () => {
    expect(diagnosticsOf('['.repeat(20_000))).toMatchObject([{ code: 'too-deep' }]);
  });

  test('keys that are lists, which take the library minutes', { timeout: 5000 }, () => {
    const found = diagnosticsOf('? '.repeat(300));
    expect(new Set(found.slice(0, -1).map(({ code }) => code))).toEqual(new Set(['bad-yaml']));
  });

  test('many problems are cut off, and it is said', () => {
    const found = diagnosticsOf(plan(`${STEPS}${Array.from({ length: 500 }, (_, index) => `  k${index}: 1\n`).join('')}`));
    expect(found).toHaveLength(101);
    expect(found.at(-1)).toMatchObject({ code: 'too-many', severity: 'error' });
  });
});

test('a place in a good plan can be asked for by its path', () => {
  const parsed = parsePlan(example, 'fleet.yaml');
  if (!parsed.ok) throw new Error('the example is wrong');
  expect(parsed.locate('spec.waves[0].select')).toEqual({ line: 7, column: 31 });
  expect(parsed.locate('spec.waves[0].select.labels["canary"]')).toEqual({ line: 7, column: 51 });
  expect(parsed.locate('spec.nothing')).toEqual({ line: 4, column: 1 });
});

test('whatever it was written in, the same target compiles to the same steps', () => {
  const one = parsePlan(plan('  steps: [{ packages: { install: { a1: 1.0-1, b1: 2.0-1 }, sources: [s] } }, { service: { restart: a.service } }]\n'), 'x');
  const other = parsePlan(plan('  steps:\n    - packages: { sources: [s], install: { b1: "2.0-1", a1: "1.0-1" } }\n    - service: { restart: a.service }\n'), 'y');
  expect(one.ok && one.plan.steps).toEqual(other.ok && other.plan.steps);
});
