import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { containerdStep } from '../../../../agent/steps/containerd/containerd.ts';
import { containerdSpec } from '../../../support/containerd-at-work.ts';
import { ContainerdLab } from '../../../support/containerd-lab.ts';

let lab: ContainerdLab;
beforeEach(() => { lab = new ContainerdLab(); });
afterEach(() => lab.end());

const step = () => containerdStep(lab);
const stateOf = (result: { readonly ok: boolean; readonly state?: string; readonly outcome?: { readonly code: string } }): string => (result.ok ? (result.state ?? 'ok') : (result.outcome?.code ?? ''));
const messageOf = (result: { readonly ok: boolean; readonly outcome?: { readonly message: string } }): string => result.outcome?.message ?? '';

test('a host without ctr is one whose containerd cannot be asked', async () => {
  const { run } = lab;
  lab.run = async (argv, options) => {
    if (argv[0].endsWith('/ctr')) throw Object.assign(new Error('spawn ctr ENOENT'), { code: 'ENOENT' });
    return run(argv, options);
  };
  expect(await step().stage(containerdSpec({ alsoFor: '2.1.9' }), lab.context())).toEqual({ ok: true });
  expect(lab.output).toContain('does not tell what is used of it');
});

describe('before a major', () => {
  const schema1 = { id: 'io.containerd.deprecation/pull-schema-1-image', message: 'Schema 1 images are deprecated since containerd v1.7 and removed in containerd v2.0.' };
  const mirrors = { id: 'io.containerd.deprecation/cri-registry-mirrors', message: 'The `mirrors` property is deprecated since containerd v1.5 and will be removed in containerd v2.1.' };
  test.each<[string, string, ContainerdLab['deprecations'], string, string]>([
    ['nothing that ends', '2.1.9', [], 'ok', ''],
    ['what ends later', '2.1.9', [mirrors], 'ok', 'deprecated: io.containerd.deprecation/cri-registry-mirrors: The `mirrors`'],
    ['what the next major has no more', '2.1.9', [mirrors, schema1], 'config-refused', 'deprecated: io.containerd.deprecation/pull-schema-1-image'],
    ['the same within a major', '1.7.30', [schema1], 'ok', ''],
    ['one that cannot be asked', '2.1.9', null, 'ok', 'does not tell what is used of it'],
  ])('containerd tells %s', async (_, alsoFor, deprecations, expected, output) => {
    lab.deprecations = deprecations;
    const spec = containerdSpec({ alsoFor });
    const result = await step().stage(spec, lab.context());
    expect(stateOf(result)).toBe(expected);
    if (!result.ok) expect(messageOf(result)).toContain('deprecated-in-use: containerd 2 does without what was used here since containerd was started: pull-schema-1-image;');
    expect(lab.output).toContain(output);
    expect(stateOf(await step().check(spec, lab.context()))).toBe(expected === 'ok' ? 'satisfied' : expected);
  });
});
