import { describe, expect, test } from 'vitest';

import type { HostFacts } from '../../../shared/domain/host-facts.ts';
import type { PackagesProcedure } from '../../../shared/domain/procedure.ts';
import { planPackages } from '../../../shared/procedures/packages.ts';
import { planWork } from '../../../shared/procedures/plan-work.ts';
import { composedLines } from '../../support/composed-lines.ts';
import { BARE_HOST } from '../../support/example-facts.ts';
import { aPlan } from '../../support/world-builder.ts';

const PROCEDURE: PackagesProcedure = {
  kind: 'packages',
  install: [{ name: 'containerd', version: '1.7.24' }, { name: 'hello', version: '2' }],
  sources: ['local'],
  conffiles: 'keep',
  restart: ['containerd.service', 'hello.service'],
};

function linesFor(packages: HostFacts['packages'] | null, procedure = PROCEDURE): string[] {
  const hops = planPackages(procedure, [{ name: 'n1', cluster: '', agent: null, isSelected: true, facts: packages === null ? null : { ...BARE_HOST, packages } }]);
  return composedLines({ ok: true, hops })[0]?.slice(1) ?? [];
}

describe('packages', () => {
  test('each step with its condition, guards before and restarts after', () => {
    expect(linesFor({ containerd: '1.7.20' })).toEqual([
      'guard-hello.service: a revert ends here: hello.service is brought up again as it was and proved',
      'guard-containerd.service: a revert ends here: containerd.service is brought up again as it was and proved',
      'packages: containerd is 1.7.20, nobody tells which hello is installed',
      'restart-containerd.service: it runs what was installed only after a restart',
      'restart-hello.service: it runs what was installed only after a restart',
    ]);
  });

  const one = { ...PROCEDURE, install: PROCEDURE.install.slice(0, 1), restart: [] };
  test.each<[string, HostFacts['packages'] | null, string[]]>([
    ['not there', {}, ['packages: containerd is not installed']],
    ['at the target', { containerd: '1.7.24' }, []],
    ['another revision of it', { containerd: '1.7.24-1' }, ['packages: containerd is 1.7.24-1']],
    ['no facts', null, ['packages: nobody tells which containerd is installed']],
  ])('%s', (_, packages, expected) => {
    expect(linesFor(packages, one)).toEqual(expected);
  });
});

test('a node at the target is in no hop; where every node is, there is nothing to do', () => {
  const plan = aPlan({ procedure: { ...PROCEDURE, install: PROCEDURE.install.slice(0, 1) } });
  const node = (name: string, version: string, isSelected = true) => ({ name, cluster: '', agent: null, isSelected, facts: { ...BARE_HOST, packages: { containerd: version } } });
  expect(composedLines(planWork(plan, [node('n1', '1.7.24'), node('n2', '1.6'), node('n3', '1.6', false)], 0)).map(([name]) => name)).toEqual(['n2']);
  expect(planWork(plan, [node('n1', '1.7.24')], 0)).toMatchObject({ ok: false, problems: [{ code: 'nothing-to-do', path: 'procedure.packages' }] });
});
