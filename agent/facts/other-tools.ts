import type { OtherTool } from '../../shared/domain/host-facts.ts';
import type { HostFiles } from './host-files.ts';

/** Who else changes this host on its own: installed and, where it has a switch, switched on. */
export function readOtherTools(files: HostFiles, packages: Readonly<Record<string, string>>): readonly OtherTool[] {
  const has = (...names: readonly string[]): boolean => names.some((name) => packages[name] !== undefined);
  const tools: readonly (readonly [OtherTool, boolean])[] = [
    ['unattended-upgrades', has('unattended-upgrades') && aptPeriodicRuns(files)],
    ['dnf-automatic', has('dnf-automatic') && files.names('/etc/systemd/system/timers.target.wants').some((name) => /^dnf.*automatic.*\.timer$/.test(name))],
    ['puppet', has('puppet', 'puppet-agent') || files.exists('/opt/puppetlabs/bin/puppet')],
    // Pushed by ssh it leaves nothing but facts; pulled it is a package.
    ['ansible', has('ansible', 'ansible-core') || files.exists('/etc/ansible')],
  ];
  return tools.flatMap(([tool, there]) => (there ? [tool] : []));
}

/** apt.conf(5): the last file that sets it wins. */
function aptPeriodicRuns(files: HostFiles): boolean {
  const paths = [...files.names('/etc/apt/apt.conf.d').map((name) => `/etc/apt/apt.conf.d/${name}`), '/etc/apt/apt.conf'];
  const values = paths.flatMap((path) => [...(files.text(path) ?? '').matchAll(/^\s*APT::Periodic::Unattended-Upgrade\s+"([^"]*)"/gm)].map(([, value]) => value));
  return !['0', '', undefined].includes(values.at(-1));
}
