import { PACKAGE_NAME_PATTERN, PACKAGE_VERSION_PATTERN, PACKAGES_MAX, SOURCE_NAME_PATTERN, SOURCES_MAX } from '../../domain/step-limits.ts';
import type { PackagesSpec } from '../../domain/step-spec.ts';
import type { StepCodec } from './step-codec.ts';

const CONFFILES: Readonly<Record<string, PackagesSpec['conffiles']>> = { CONFFILE_POLICY_KEEP: 'keep', CONFFILE_POLICY_REPLACE: 'replace' };

export const packagesCodec: StepCodec<PackagesSpec> = {
  toWire: ({ install, sources, conffiles, remove = [] }) => ({
    packages: {
      install: install.map(({ name, version }) => ({ name, version })),
      sources: [...sources],
      conffiles: conffiles === 'keep' ? 'CONFFILE_POLICY_KEEP' : 'CONFFILE_POLICY_REPLACE',
      remove: [...remove],
    },
  }),

  fromWire(base, { packages: step }, at, check) {
    if (!step) return null;
    const removes = step.remove.length > 0;
    check.count(step.install.length, `${at}.install`, removes ? { max: 0 } : { min: 1, max: PACKAGES_MAX });
    check.count(step.remove.length, `${at}.remove`, { max: PACKAGES_MAX });
    check.that(new Set(step.remove).size === step.remove.length, `${at}.remove`, 'names a package twice');
    for (const [index, name] of step.remove.entries()) check.text(name, `${at}.remove[${index}]`, PACKAGE_NAME_PATTERN);
    check.that(new Set(step.install.map(({ name }) => name)).size === step.install.length, `${at}.install`, 'names a package twice');
    for (const [index, { name, version }] of step.install.entries()) {
      check.text(name, `${at}.install[${index}].name`, PACKAGE_NAME_PATTERN);
      check.text(version, `${at}.install[${index}].version`, PACKAGE_VERSION_PATTERN);
    }
    check.count(step.sources.length, `${at}.sources`, { max: SOURCES_MAX });
    for (const [index, source] of step.sources.entries()) check.text(source, `${at}.sources[${index}]`, SOURCE_NAME_PATTERN);
    const conffiles = CONFFILES[step.conffiles as string];
    check.that(conffiles !== undefined, `${at}.conffiles`, `is ${step.conffiles}, which this version does not know`);
    const install = step.install.map(({ name, version }) => ({ name, version }));
    return { kind: 'packages', ...base, install, sources: step.sources, conffiles: conffiles ?? 'keep', ...(removes ? { remove: step.remove } : {}) };
  },
};
