import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { writeAptRepository } from './apt-repository.ts';
import { downloadDebianPackages } from './debian-packages.ts';
import type { HostOptions } from './fleet.ts';
import type { Host } from './host.ts';
import { PAUSE } from './runtime-images.ts';

/** Every containerd that Debian has, by the suite that it comes from. */
export const CONTAINERD_SUITES = { '1.6': 'bookworm', '1.7': 'trixie', '2.1': 'testing' } as const;
export type ContainerdMinor = keyof typeof CONTAINERD_SUITES;

/** A suite that hosts boot from, with the containerds that run on it. */
export const CONTAINERD_HOSTS = {
  bookworm: { minors: ['1.6', '1.7', '2.1'], extraPackages: [] },
  // crun looks for the library when it starts, and then takes WebAssembly.
  trixie: { minors: ['1.7', '2.1'], extraPackages: ['libwasmedge0'] },
} as const satisfies Readonly<Record<string, { readonly minors: readonly ContainerdMinor[]; readonly extraPackages: readonly string[] }>>;
export type ContainerdSuite = keyof typeof CONTAINERD_HOSTS;

export interface ContainerdCell {
  readonly suite: ContainerdSuite;
  readonly minor: ContainerdMinor;
  /** crun 1.8 cannot read what containerd writes from 1.7.24 on. */
  readonly crunRuns: boolean;
}

/** Every containerd on every Debian that has it. */
export const CONTAINERD_CELLS: readonly ContainerdCell[] = Object.entries(CONTAINERD_HOSTS).flatMap(([suite, { minors }]) =>
  minors.map((minor) => ({ suite: suite as ContainerdSuite, minor, crunRuns: suite === 'trixie' || minor === '1.6' })));

/** Of its host. */
export function cellName({ suite, minor }: Pick<ContainerdCell, 'suite' | 'minor'>): string {
  return `${suite}-${minor.replace('.', '-')}`;
}

/** For bootFleet. */
export function containerdHost(name: string, suite: ContainerdSuite): HostOptions {
  return { name, suite, extraPackages: CONTAINERD_HOSTS[suite].extraPackages };
}

/** A flat repository with every containerd and the runc and crun of later suites, for hosts to see at /srv/repo. Returns its folder. */
export async function containerdRepository(folder: string): Promise<string> {
  const repository = join(folder, 'repository');
  mkdirSync(repository, { recursive: true });
  for (const suite of Object.values(CONTAINERD_SUITES)) await writeAptRepository(repository, await downloadDebianPackages(suite, ['containerd']));
  await writeAptRepository(repository, await downloadDebianPackages('testing', ['runc']));
  return repository;
}

/** Hosts may not take scores of the out-of-memory killer that are below their own. Every containerd reads this version. */
export function containerdConfig(pause: string): string {
  return `version = 2
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  sandbox_image = "${pause}"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/etc/cni/net.d"
`;
}

/**
 * Gives a booted host this containerd, from the repository at /srv/repo, with a sandbox image that is there.
 *
 * @param pauseArchive of this machine, as writePauseImage made it
 * @returns the version as the package system says it
 */
export async function prepareContainerd(host: Host, minor: ContainerdMinor, pauseArchive: string): Promise<string> {
  await host.writeFile('/etc/containerd/config.toml', containerdConfig(PAUSE));
  const installed = await installedContainerd(host);
  if (!installed.startsWith(`${minor}.`)) await host.mustExec(['sh', '-c', 'dpkg --install --force-confold /srv/repo/containerd_"$1"*.deb', 'sh', `${minor}.`], { timeoutMs: 120_000 });
  await restartContainerd(host);
  await host.copyIn(pauseArchive, '/var/tmp/pause.tar');
  await host.mustExec(['ctr', '--namespace', 'k8s.io', 'images', 'import', '/var/tmp/pause.tar']);
  return installedContainerd(host);
}

/** However often it was started just now. */
export async function restartContainerd(host: Host): Promise<void> {
  await host.mustExec(['systemctl', 'reset-failed', 'containerd.service']);
  await host.mustExec(['systemctl', 'restart', 'containerd.service']);
}

async function installedContainerd(host: Host): Promise<string> {
  return (await host.mustExec(['dpkg-query', '--show', '--showformat=${Version}', 'containerd'])).trim();
}
