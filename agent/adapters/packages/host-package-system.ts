import type { OsFacts } from '../../../shared/domain/host-facts.ts';
import type { PackageSystem } from '../../ports/package-system.ts';
import { aptPackageSystem } from '../apt/apt-package-system.ts';
import { dnf } from '../rpm/dnf.ts';
import { rpmPackageSystem } from '../rpm/rpm-package-system.ts';
import { zypper } from '../rpm/zypper.ts';
import { noPackageSystem } from './no-package-system.ts';
import type { PackageParts } from './package-parts.ts';

/** The one that this host's facts tell of. */
export function hostPackageSystem({ packageFamily, prettyName }: OsFacts, parts: PackageParts): PackageSystem {
  switch (packageFamily) {
    case 'apt':
      return aptPackageSystem(parts);
    case 'dnf':
      return rpmPackageSystem(parts, dnf(parts));
    case 'zypper':
      return rpmPackageSystem(parts, zypper(parts));
    case null:
      return noPackageSystem(prettyName);
  }
}
