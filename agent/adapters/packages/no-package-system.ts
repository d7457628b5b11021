import type { PackageSystem } from '../../ports/package-system.ts';
import { stepFailure } from '../../steps/step.ts';

/** A host whose packages the agent cannot change: nothing can be staged, so nothing is ever begun. */
export function noPackageSystem(osName: string): PackageSystem {
  const refused = stepFailure('package-system-unsupported', `the agent knows apt, dnf and zypper, and finds none of them on this host (${osName || 'no /etc/os-release'}); no packages step can run here`);
  return {
    conffileSuffixes: { persons: '', packages: '', others: [] },
    repair: '',
    sources: async () => [],
    openSources: async () => refused,
    exclusively: (work) => work(),
    status: async (names) => names.map((name) => ({ name, state: 'absent', version: null, hold: false, auto: false })),
    broken: async () => [],
    repeat: async () => refused,
    keepInstalled: async () => refused,
    conffilesOf: async () => [],
    conffileIn: async () => null,
    install: async () => refused,
    putBack: async () => refused,
    lookAtRemoval: async () => refused,
    remove: async () => refused,
    mark: async () => refused,
  };
}
