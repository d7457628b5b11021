import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** One file of a package, from the repository: `@VERSION@` in a script becomes the package's version. */
export interface PackageFile {
  readonly to: string;
  readonly from: string;
  readonly mode: 0o644 | 0o755;
}

export interface PackageRecipe {
  readonly name: 'farrier-agent' | 'farrier-coordinator';
  /** Name of a program to its first file. */
  readonly programs: Readonly<Record<string, string>>;
  /** Where dpkg puts the programs and their runtime; `@VERSION@` in it becomes the package's version. */
  readonly home: string;
  readonly files: readonly PackageFile[];
  readonly folders: readonly string[];
  readonly depends: readonly string[];
  readonly description: readonly string[];
  /** Folder of the maintainer scripts. */
  readonly scripts: string;
}

const RUNTIME_DEPENDS = ['libc6 (>= 2.28)', 'libgcc-s1', 'libstdc++6', 'systemd (>= 252)', 'init-system-helpers (>= 1.54~)'];

export const RECIPES: readonly PackageRecipe[] = [
  {
    name: 'farrier-agent',
    programs: { agent: 'agent/main.ts' },
    // postinst makes the folder of each version out of it: dpkg, which removes the old files before it configures the new
    // ones, never touches what an agent or a work unit runs from.
    home: 'usr/lib/farrier-agent/package',
    files: [
      { from: 'systemd/package/agent/farrier-agent.sh', to: 'usr/bin/farrier-agent', mode: 0o755 },
      { from: 'systemd/package/agent/farrier-agent.sh', to: 'usr/libexec/farrier-agent-watchdog', mode: 0o755 },
      { from: 'systemd/farrier-agent.service', to: 'usr/lib/systemd/system/farrier-agent.service', mode: 0o644 },
      { from: 'systemd/farrier-agent-watchdog.service', to: 'usr/lib/systemd/system/farrier-agent-watchdog.service', mode: 0o644 },
      { from: 'systemd/farrier-agent-watchdog.timer', to: 'usr/lib/systemd/system/farrier-agent-watchdog.timer', mode: 0o644 },
      { from: 'systemd/farrier-agent.tmpfiles.conf', to: 'usr/lib/tmpfiles.d/farrier-agent.conf', mode: 0o644 },
      { from: 'systemd/agent.yaml', to: 'etc/farrier/agent.yaml', mode: 0o644 },
      { from: 'LICENSE', to: 'usr/share/doc/farrier-agent/copyright', mode: 0o644 },
    ],
    folders: ['etc/farrier/agent.d', 'etc/farrier/sources.d', 'etc/farrier/hooks.d'],
    depends: [...RUNTIME_DEPENDS, 'util-linux', 'apt'],
    description: [
      'agent of Farrier, which upgrades fleets of Kubernetes and K3s hosts',
      'Runs on every host of a fleet, dials out to its coordinator, and upgrades the host',
      'in reversible steps when its turn comes. Brings its own Node runtime.',
    ],
    scripts: 'systemd/package/agent',
  },
  {
    name: 'farrier-coordinator',
    programs: { coordinator: 'coordinator/main.ts', farrier: 'coordinator/cli/main.ts' },
    home: 'usr/lib/farrier-coordinator/@VERSION@',
    files: [
      { from: 'systemd/package/coordinator/farrier-coordinator.sh', to: 'usr/bin/farrier-coordinator', mode: 0o755 },
      { from: 'systemd/package/coordinator/farrier.sh', to: 'usr/bin/farrier', mode: 0o755 },
      { from: 'systemd/farrier-coordinator.service', to: 'usr/lib/systemd/system/farrier-coordinator.service', mode: 0o644 },
      { from: 'systemd/farrier-coordinator.sysusers.conf', to: 'usr/lib/sysusers.d/farrier-coordinator.conf', mode: 0o644 },
      { from: 'systemd/farrier-coordinator.tmpfiles.conf', to: 'usr/lib/tmpfiles.d/farrier-coordinator.conf', mode: 0o644 },
      { from: 'systemd/coordinator.yaml', to: 'etc/farrier/coordinator.yaml', mode: 0o644 },
      { from: 'LICENSE', to: 'usr/share/doc/farrier-coordinator/copyright', mode: 0o644 },
    ],
    folders: ['etc/farrier/coordinator.d'],
    depends: [...RUNTIME_DEPENDS, 'passwd'],
    description: [
      'coordinator and command line of Farrier, which upgrades fleets of Kubernetes and K3s hosts',
      'Decides which host of a fleet is upgraded when, so that never more of them are',
      'unavailable than its policy allows. Brings its own Node runtime.',
    ],
    scripts: 'systemd/package/coordinator',
  },
];

export interface TreeParts {
  readonly root: string;
  readonly recipe: PackageRecipe;
  readonly version: string;
  readonly architecture: string;
  readonly nodePath: string;
  readonly bundleFolder: string;
  /** Of what others wrote and this package holds. */
  readonly licences: string;
}

/** Lays out the package's root in an empty folder, DEBIAN/ included. */
export function layOutTree(treeFolder: string, { root, recipe, version, architecture, nodePath, bundleFolder, licences }: TreeParts): void {
  const { name } = recipe;
  const put = (to: string, text: string | Buffer, mode: number): void => {
    const path = join(treeFolder, to);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    chmodSync(path, mode);
  };
  const filled = (text: string): string => text.replaceAll('@VERSION@', version);
  const fill = (path: string): string => filled(readFileSync(join(root, path), 'utf8'));
  for (const { from, to, mode } of recipe.files) put(to, fill(from), mode);
  for (const folder of recipe.folders) mkdirSync(join(treeFolder, folder), { recursive: true });
  put(`usr/share/doc/${name}/third-party-licences`, licences, 0o644);
  const home = filled(recipe.home);
  for (const file of filesBelow(bundleFolder)) put(`${home}/${file}`, readFileSync(join(bundleFolder, file)), 0o644);
  copyFileSync(nodePath, join(treeFolder, home, 'node'));
  chmodSync(join(treeFolder, home, 'node'), 0o755);

  put('DEBIAN/control', controlOf(recipe, version, architecture, treeFolder), 0o644);
  put('DEBIAN/conffiles', recipe.files.filter(({ to }) => to.startsWith('etc/')).map(({ to }) => `/${to}\n`).join(''), 0o644);
  for (const script of ['postinst', 'prerm', 'postrm']) put(`DEBIAN/${script}`, fill(`${recipe.scripts}/${script}`), 0o755);
}

function controlOf({ name, depends, description }: PackageRecipe, version: string, architecture: string, treeFolder: string): string {
  const bytes = filesBelow(treeFolder).filter((path) => !path.startsWith('DEBIAN/')).reduce((sum, path) => sum + readFileSync(join(treeFolder, path)).length, 0);
  const [synopsis = '', ...long] = description;
  return [
    `Package: ${name}`,
    `Version: ${version}`,
    `Architecture: ${architecture}`,
    'Maintainer: The Farrier authors <farrier@localhost>',
    `Installed-Size: ${Math.ceil(bytes / 1024)}`,
    `Depends: ${depends.join(', ')}`,
    'Section: admin',
    'Priority: optional',
    `Description: ${synopsis}`,
    ...long.map((line) => ` ${line}`),
    '',
  ].join('\n');
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
}
