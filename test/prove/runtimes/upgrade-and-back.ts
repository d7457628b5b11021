import { expect } from 'vitest';

import { type ContainerdCell, type ContainerdMinor, restartContainerd } from '../../fleet/containerd-host.ts';
import type { Host } from '../../fleet/host.ts';
import type { ContainerdHosts } from './containerd-hosts.ts';
import type { CellSaw } from './matrix-table.ts';
import { configure, thereAndBack } from './there-and-back.ts';

const CONFIG = '/etc/containerd/config.toml';
const REPOSITORY = '/srv/repo';

/**
 * Upgrades containerd and takes that back, on a configuration as people wrote it before 2020, and as Docker's packages still do: no
 * version, short names.
 */
export async function upgradeAndBack(hosts: ContainerdHosts, cell: ContainerdCell, saw: CellSaw, next: ContainerdMinor): Promise<void> {
  const host = hosts.host(cell);
  const target = (await host.mustExec(['sh', '-c', 'dpkg-deb --field "$1"/containerd_"$2".*.deb Version', 'sh', REPOSITORY, next])).trim();
  const from = hosts.parts(cell).containerd.replace(/~.*$/, '');
  const crossesMajor = next.startsWith('2.');
  const own = (await host.readFile(CONFIG)).toString();
  await bringConfig(host, own.replace('version = 2\n', '# ours\n').replaceAll('"io.containerd.grpc.v1.cri"', 'cri'));
  await thereAndBack(hosts, cell, saw, {
    steps: [
      ...(crossesMajor ? [configure({ alsoFor: target }, 'configure', 'before')] : []),
      configure({}, 'guard', 'guard'),
      { kind: 'packages', name: 'packages', timeoutMs: 180_000, install: [{ name: 'containerd', version: target }], sources: ['lab'], conffiles: 'keep' },
      configure({ alsoFor: from, systemdCgroup: false }),
      hosts.probe(),
    ],
    there: { version: expect.stringContaining(`${next}.`) as unknown },
    whileThere: async () => expect((await host.readFile(CONFIG)).toString().includes('version = 2')).toBe(crossesMajor),
    // containerd 1.x does not take over a container whose shim is of 2.x.
    endsMeanwhile: crossesMajor,
  });
  if (crossesMajor) saw.note = `going back from containerd ${next} to ${cell.minor} ended the container that was started in between, and left the one of before`;
  await bringConfig(host, own);
}

/** Versions past this one, of all that Debian has. */
export function newerContainerds(host: Host, version: string): Promise<string> {
  const script = 'for deb in "$1"/containerd_*.deb; do version=$(dpkg-deb --field "$deb" Version); if dpkg --compare-versions "$version" gt "$2"; then echo "$version"; fi; done';
  return host.mustExec(['sh', '-c', script, 'sh', REPOSITORY, version]);
}

async function bringConfig(host: Host, text: string): Promise<void> {
  await host.writeFile(CONFIG, text);
  await restartContainerd(host);
}
