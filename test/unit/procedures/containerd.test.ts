import { describe, expect, test } from 'vitest';

import { formatDiagnostic } from '../../../shared/plan/format-diagnostic.ts';
import { parsePlan } from '../../../shared/plan/parse-plan.ts';
import type { PlannedProcedure, ProcedureNode } from '../../../shared/procedures/composition.ts';
import { planProcedure } from '../../../shared/procedures/plan-procedure.ts';
import { composedLines } from '../../support/composed-lines.ts';
import { BARE_HOST } from '../../support/example-facts.ts';

const ID = `sha256:${'cd'.repeat(32)}`;
const SHA256 = 'ab'.repeat(32);

function parsed(procedure: string) {
  return parsePlan(`apiVersion: farrier/v1\nkind: Plan\nmetadata: { name: p }\nspec:\n  procedure: { ${procedure} }\n`, 'p.yaml');
}

function planned(procedure: string, installed: string | null, crun: string | null = null): PlannedProcedure {
  const plan = parsed(procedure);
  if (!plan.ok || plan.plan.procedure === null) throw new Error(JSON.stringify(plan));
  const facts = installed === null ? null : { ...BARE_HOST, packages: { containerd: installed, ...(crun === null ? {} : { crun }) }, runtimes: { ...BARE_HOST.runtimes, containerd: installed, crun } };
  const node: ProcedureNode = { name: 'n1', cluster: '', agent: null, isSelected: true, facts };
  return planProcedure(plan.plan.procedure, [node], 0);
}

const lines = (procedure: string, installed: string | null): readonly string[] => composedLines(planned(procedure, installed))[0]?.slice(1) ?? [];
const stepsOf = (result: PlannedProcedure) => (result.ok ? [...result.hops[0]!.steps.values()].flat().map(({ step }) => step) : []);

describe('containerd-config', () => {
  test('is the settings of a step, packages that it needs, and a probe for each runtime', () => {
    const text = `containerd-config: { install: { crun: 1.21-1 }, sources: [ours], runtimes: [{ name: crun, binary: /usr/bin/crun, options: { Root: /run/crun } }], defaultRuntime: crun, probes: [{ handler: crun, image: registry.example/hello:1, id: "${ID}", expect: hello }, { image: registry.example/hello:1, id: "${ID}", expect: hello }] }`;
    expect(lines(text, '1.7.24')).toEqual([
      'guard-containerd.service: a revert ends here: containerd.service is brought up again as it was and proved',
      'packages: crun is not installed',
      'containerd: only the host itself knows what its configuration says',
      'probe-crun: a runtime that is there may still run nothing',
      'probe-default-2: a runtime that is there may still run nothing',
    ]);
    expect(stepsOf(planned(text, '1.7.24'))).toMatchObject([
      { action: 'guard' },
      { install: [{ name: 'crun', version: '1.21-1' }], sources: ['ours'] },
      { action: 'configure', settings: { defaultRuntime: 'crun', runtimes: [{ name: 'crun', binary: '/usr/bin/crun', options: [{ name: 'Root', value: '/run/crun' }] }] } },
      { handler: 'crun', expect: 'hello' },
      { handler: '', expect: 'hello' },
    ]);
  });

  test('without packages it is one step', () => {
    expect(lines('containerd-config: { systemdCgroup: true }', null)).toHaveLength(1);
  });
});

describe('containerd-upgrade', () => {
  const text = `containerd-upgrade: { install: { containerd: 2.1.9+ds1-5, runc: 1.3.6+ds1-1 }, sources: [ours], settings: { sandboxImage: registry.example/pause:3.10 }, images: [{ sha256: "${SHA256}", size: 5, images: { registry.example/pause:3.10: "${ID}" } }] }`;

  test('over a major the configuration is made one that both versions read, before and after', () => {
    expect(lines(text, '1.7.24~ds1-6')).toEqual([
      'images: the new version asks for them',
      'containerd-before: containerd 1.7.24 and 2.1.9 have to read the same configuration',
      'guard-containerd.service: a revert ends here: containerd.service is brought up again as it was and proved',
      'packages: containerd is 1.7.24~ds1-6, runc is not installed',
      'containerd: the new version has to answer over CRI',
    ]);
    expect(stepsOf(planned(text, '1.7.24~ds1-6'))).toMatchObject([
      { pin: true, source: { archives: [{ sha256: SHA256 }] } },
      { action: 'configure', settings: { alsoFor: '2.1.9', sandboxImage: null } },
      { action: 'guard' },
      { kind: 'packages' },
      { action: 'configure', settings: { alsoFor: '1.7.24', sandboxImage: 'registry.example/pause:3.10' } },
    ]);
  });

  describe('a crun that the new version cannot use', () => {
    const withCrun = (version: string): string => `containerd-upgrade: { install: { containerd: 2.1.9, runc: 1.3.6, crun: ${version} }, sources: [ours] }`;
    const packagesOf = (crun: string | null, version = '1.21-1', from = '1.7.23') => stepsOf(planned(withCrun(version), from, crun)).map((step) => (step.kind === 'packages' ? `${step.name}: ${step.install.map(({ name }) => name).join(' ')}` : step.name));

    test('is upgraded before the new version is thought of', () => {
      expect(packagesOf('1.8.1-1')).toEqual(['guard-containerd.service', 'crun: crun', 'containerd-before', 'packages: containerd runc', 'containerd']);
      expect(composedLines(planned(withCrun('1.21-1'), '1.7.23', '1.8.1-1'))[0]).toContain('crun: crun is 1.8.1-1');
    });

    test.each<[string, string | null, string, string]>([
      ['one that fits already', '1.15-1', '1.21-1', '1.7.23'],
      ['none', null, '1.21-1', '1.7.23'],
      ['a new one that does not fit either', '1.8.1-1', '1.9-1', '1.7.23'],
    ])('with %s, all goes together', (_, crun, version, from) => {
      expect(packagesOf(crun, version, from)).toEqual(['containerd-before', 'guard-containerd.service', 'packages: containerd crun runc', 'containerd']);
    });

    test('within a major all goes together: nothing looks ahead', () => {
      expect(packagesOf('1.8.1-1', '1.21-1', '2.0.1')).toEqual(['guard-containerd.service', 'packages: containerd crun runc', 'containerd']);
    });
  });

  test('within a major it is not, and a node at the target has nothing to do', () => {
    expect(lines(text, '2.0.5').map((line) => line.split(':')[0])).toEqual(['images', 'guard-containerd.service', 'packages', 'containerd']);
    expect(lines('containerd-upgrade: { install: { containerd: 2.1.9 }, sources: [ours] }', '2.1.9')).toEqual([]);
  });

  test('a node that tells nothing is taken for one of another major', () => {
    const steps = stepsOf(planned('containerd-upgrade: { install: { containerd: 2.1.9 }, sources: [ours] }', null));
    expect(steps.map(({ name }) => name)).toEqual(['containerd-before', 'guard-containerd.service', 'packages', 'containerd']);
    expect(steps.at(-1)).toMatchObject({ settings: { alsoFor: null } });
  });

  test('it goes forward only, and only where there is a containerd', () => {
    const problems = (installed: string): readonly string[] => {
      const plan = planned('containerd-upgrade: { install: { containerd: 2.1.9 }, sources: [ours] }', installed);
      return plan.ok ? [] : plan.problems.map(({ code, message }) => `${code}: ${message}`);
    };
    expect(problems('2.1.10-1')).toEqual(['downgrade: containerd is newer on n1; `farrier rollout rollback` goes back to what was there before, or leave them out of spec.select']);
    expect(problems('2.1.9-7')).toEqual([]);
    const bare: ProcedureNode = { name: 'n1', cluster: '', agent: null, isSelected: true, facts: { ...BARE_HOST, runtimes: { ...BARE_HOST.runtimes, containerd: null } } };
    const plan = parsed(text);
    expect(plan.ok && planProcedure(plan.plan.procedure!, [bare, { ...bare, name: 'n2', isSelected: false }], 0)).toMatchObject({ ok: false, problems: [{ code: 'other-runtime', message: expect.stringMatching(/^there is no containerd to upgrade on n1;/) as unknown }] });
  });

  test('what the result has to be read by can be said', () => {
    expect(stepsOf(planned('containerd-upgrade: { install: { containerd.io: 2.1.9 }, sources: [ours], settings: { alsoFor: 1.6.20 } }', '1.7.24')).at(-1)).toMatchObject({ settings: { alsoFor: '1.6.20' } });
  });
});

test('whoever writes them wrong is told all of it', () => {
  const told = (procedure: string): readonly string[] => {
    const plan = parsed(procedure);
    return plan.ok ? [] : plan.diagnostics.map(formatDiagnostic);
  };
  expect([
    ...told('containerd-config: { install: { crun: 1.21-1 }, defaultRuntime: crun, removeRuntimes: [crun] }'),
    ...told('containerd-config: { runtime: crun }'),
    ...told('containerd-config: {}'),
    ...told('containerd-config: { mirrors: {}, registry: { mirrors: {} }, systemdCgroup: "true", removeRuntimes: [runc, runc], runtimes: ["crun, which is no runtime", { name: crun }, { name: crun }] }'),
    ...told(`containerd-config: { runtimes: [${Array.from({ length: 17 }, () => '{ name: crun }').join(', ')}] }`).map((line) => line.replace(/^.*spec/, 'spec')),
    ...told('containerd-upgrade: { install: { runc: 1.3.6 }, sources: [ours], settings: { defaultRuntime: crun, removeRuntimes: [crun] } }'),
    ...told('containerd-upgrade: { install: { containerd: 2.1.9 }, sandboxImage: registry.example/pause:3.10 }'),
  ]).toMatchInlineSnapshot(`
    [
      "p.yaml:5:35 spec.procedure.containerd-config: has no sources; name those that the packages come from",
      "p.yaml:5:80 spec.procedure.containerd-config.defaultRuntime: crun is removed by this very step; name another",
      "p.yaml:5:37 spec.procedure.containerd-config.runtime: "runtime" is not known here; did you mean "runtimes"? the known keys are install, sources, enableCri, defaultRuntime, runtimes, removeRuntimes, systemdCgroup, sandboxImage, snapshotter, registry, cdi, alsoFor, probes",
      "p.yaml:5:35 spec.procedure.containerd-config: changes nothing and proves nothing; write settings, probes or both",
      "p.yaml:5:37 spec.procedure.containerd-config.mirrors: "mirrors" does not belong here; move it under registry.hosts, each with its host",
      "p.yaml:5:62 spec.procedure.containerd-config.registry.mirrors: "mirrors" does not belong here; move it under hosts, each with its host",
      "p.yaml:5:92 spec.procedure.containerd-config.systemdCgroup: is "true"; it has to be true or false",
      "p.yaml:5:123 spec.procedure.containerd-config.removeRuntimes[1]: runc stands here twice",
      "p.yaml:5:141 spec.procedure.containerd-config.runtimes[0]: is "crun, which is no runtime"; it has to be a mapping with the keys name, type, binary, systemdCgroup, podAnnotations, options",
      "p.yaml:5:186 spec.procedure.containerd-config.runtimes[2]: crun stands here twice",
      "spec.procedure.containerd-config.runtimes: has more than 16 entries, which is the limit; split it",
      "spec.procedure.containerd-config.runtimes[1]: crun stands here twice",
      "p.yaml:5:47 spec.procedure.containerd-upgrade.install: does not name containerd or containerd.io with its version; without it there is nothing to upgrade: write packages instead",
      "p.yaml:5:109 spec.procedure.containerd-upgrade.settings.defaultRuntime: crun is removed by this very step; name another",
      "p.yaml:5:16 spec.procedure.containerd-upgrade.sources: is missing; it has to be a list of package sources",
      "p.yaml:5:70 spec.procedure.containerd-upgrade.sandboxImage: "sandboxImage" does not belong here; move it under settings",
    ]
  `);
});
