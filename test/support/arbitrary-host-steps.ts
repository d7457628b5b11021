import fc from 'fast-check';

import type { FilesSpec } from '../../shared/domain/steps/files-spec.ts';
import type { HookSpec } from '../../shared/domain/steps/hook-spec.ts';
import type { ModulesSpec } from '../../shared/domain/steps/modules-spec.ts';
import type { SysctlSpec } from '../../shared/domain/steps/sysctl-spec.ts';

const word = fc.string({ unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789'), minLength: 2, maxLength: 12 });
const onDrift = fc.constantFrom('refuse', 'overwrite');
const filePath = fc.array(word, { minLength: 1, maxLength: 3 }).map((segments) => `/etc/${segments.join('/')}`);

const files: fc.Arbitrary<Omit<FilesSpec, 'name' | 'timeoutMs'>> = fc.record({
  kind: fc.constant('files'),
  files: fc.uniqueArray(
    fc.oneof(
      fc.record({ path: filePath, state: fc.constant('absent') }),
      fc.record({
        path: filePath,
        state: fc.constant('present'),
        contentBase64: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('base64')),
        mode: fc.integer({ min: 0, max: 0o777 }),
        owner: fc.constantFrom('root', 'www-data'),
        group: fc.constantFrom('root', '_apt'),
      }),
    ),
    { minLength: 1, maxLength: 4, selector: ({ path }) => path },
  ),
  onDrift,
});

const sysctl: fc.Arbitrary<Omit<SysctlSpec, 'name' | 'timeoutMs'>> = fc.record({
  kind: fc.constant('sysctl'),
  config: word,
  settings: fc.uniqueArray(fc.record({ key: word.map((name) => `net.ipv4.conf.${name}/7.x`), value: fc.constantFrom('1', '1024 65000', 'a=b') }), { minLength: 1, maxLength: 4, selector: ({ key }) => key }),
  onDrift,
});

const modules: fc.Arbitrary<Omit<ModulesSpec, 'name' | 'timeoutMs'>> = fc.record({
  kind: fc.constant('modules'),
  config: word,
  modules: fc.uniqueArray(word, { minLength: 1, maxLength: 4 }),
  onDrift,
});

const hook: fc.Arbitrary<Omit<HookSpec, 'name' | 'timeoutMs'>> = fc.record({
  kind: fc.constant('hook'),
  hook: word,
  args: fc.array(fc.constantFrom('--all', 'a b', '$(x)', 'ü'), { maxLength: 3 }),
  reversible: fc.boolean(),
});

/** Steps that configure a host, without what all steps have. */
export const arbitraryHostSteps = [files, sysctl, modules, hook] as const;
