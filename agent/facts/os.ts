import { FACT_TEXT_MAX, type OsFacts, type PackageFamily } from '../../shared/domain/host-facts.ts';
import type { HostFiles } from './host-files.ts';

const FAMILIES: Readonly<Record<string, PackageFamily>> = {
  ...{ debian: 'apt', ubuntu: 'apt' },
  ...{ fedora: 'dnf', rhel: 'dnf', centos: 'dnf' },
  ...{ suse: 'zypper', opensuse: 'zypper', sles: 'zypper' },
};

/** Where os-release(5) names none that is known: what is there. */
const TRACES: readonly (readonly [PackageFamily, string])[] = [['apt', '/var/lib/dpkg/status'], ['dnf', '/usr/bin/dnf'], ['zypper', '/usr/bin/zypper']];

/** os-release(5). */
export function readOs(files: HostFiles): OsFacts {
  const text = files.text('/etc/os-release') ?? files.text('/usr/lib/os-release') ?? '';
  const field = (name: string): string => plain(new RegExp(`^${name}=(["']?)(.*)\\1$`, 'm').exec(text)?.[2] ?? '');
  const id = field('ID');
  const families = [id, ...field('ID_LIKE').split(' ')].flatMap((name) => FAMILIES[name] ?? []);
  return { id, versionId: field('VERSION_ID'), prettyName: field('PRETTY_NAME'), packageFamily: families[0] ?? TRACES.find(([, path]) => files.exists(path))?.[0] ?? null };
}

/** As a fact may hold it: one bounded line of ASCII. */
export function plain(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]+/g, '?').slice(0, FACT_TEXT_MAX);
}
