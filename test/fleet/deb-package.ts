import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { mustRun } from './run-program.ts';

/** A Debian package made by hand. Files and scripts are text; a script without a first line `#!` runs under /bin/sh -e. */
export interface DebSpec {
  readonly name: string;
  readonly version: string;
  readonly architecture?: string;
  readonly depends?: readonly string[];
  /** Further fields of the control file, such as Conflicts. */
  readonly fields?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string | { readonly content: string | Uint8Array; readonly mode: number }>>;
  readonly conffiles?: readonly string[];
  readonly scripts?: Partial<Readonly<Record<'preinst' | 'postinst' | 'prerm' | 'postrm', string>>>;
}

/** Builds the package into the folder and returns its path. Needs only dpkg-deb. */
export async function makeDeb(folder: string, spec: DebSpec): Promise<string> {
  const tree = mkdtempSync(join(tmpdir(), 'farrier-deb-'));
  try {
    const architecture = spec.architecture ?? 'all';
    const control = {
      Package: spec.name, Version: spec.version, Architecture: architecture, Maintainer: 'Farrier tests <tests@farrier.invalid>',
      ...(spec.depends === undefined ? {} : { Depends: spec.depends.join(', ') }), Description: 'made by the fleet harness', ...spec.fields,
    };
    put(tree, 'DEBIAN/control', `${Object.entries(control).map(([name, value]) => `${name}: ${value}`).join('\n')}\n`);
    if (spec.conffiles !== undefined) put(tree, 'DEBIAN/conffiles', `${spec.conffiles.join('\n')}\n`);
    for (const [name, script] of Object.entries(spec.scripts ?? {})) put(tree, `DEBIAN/${name}`, script.startsWith('#!') ? script : `#!/bin/sh -e\n${script}\n`, 0o755);
    for (const [path, file] of Object.entries(spec.files ?? {})) {
      if (typeof file === 'string') put(tree, path, file);
      else put(tree, path, file.content, file.mode);
    }
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `${spec.name}_${spec.version.replace(/^\d+:/, '')}_${architecture}.deb`);
    await mustRun(['dpkg-deb', '--root-owner-group', '-Znone', '--build', tree, path]);
    return path;
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

export interface ServiceDebSpec {
  readonly name: string;
  readonly version: string;
  /** What the service does once it runs: it stays, or it ends with code 1 after so many seconds. */
  readonly service?: 'stays' | { readonly crashesAfterS: number; /** Only on hosts that have this file. */ readonly onlyWhere?: string };
  readonly postinst?: 'works' | 'fails' | 'hangs';
  readonly depends?: readonly string[];
}

/**
 * A package with one service of its own name, started and restarted by its scripts as Debian's helpers do it; its version
 * stands in /usr/lib/NAME/version. It may fail while it is installed, or install and crash afterwards.
 */
export function makeServiceDeb(folder: string, spec: ServiceDebSpec): Promise<string> {
  const { name, version } = spec;
  const service = spec.service ?? 'stays';
  const spared = service !== 'stays' && service.onlyWhere !== undefined ? `[ -e ${service.onlyWhere} ] || exec sleep infinity\n` : '';
  const run = service === 'stays' ? 'exec sleep infinity' : `${spared}sleep ${service.crashesAfterS}\nexit 1`;
  return makeDeb(folder, {
    name, version,
    ...(spec.depends === undefined ? {} : { depends: spec.depends }),
    files: {
      [`/usr/lib/${name}/version`]: `${version}\n`,
      [`/usr/lib/${name}/run`]: { content: `#!/bin/sh\n${run}\n`, mode: 0o755 },
      [`/lib/systemd/system/${name}.service`]: `[Unit]\nDescription=${name} ${version}\n[Service]\nExecStart=/usr/lib/${name}/run\n[Install]\nWantedBy=multi-user.target\n`,
    },
    scripts: {
      postinst: [
        ...(spec.postinst === 'hangs' ? ['[ "$1" != configure ] || sleep infinity'] : []),
        ...(spec.postinst === 'fails' ? ['[ "$1" != configure ] || { echo "made to fail" >&2; exit 1; }'] : []),
        `if [ "$1" = configure ] && [ -d /run/systemd/system ]; then systemctl daemon-reload; systemctl enable --quiet ${name}.service; systemctl restart ${name}.service; fi`,
      ].join('\n'),
      prerm: `if [ "$1" = remove ] && [ -d /run/systemd/system ]; then systemctl disable --quiet --now ${name}.service; fi`,
      postrm: 'if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi',
    },
  });
}

function put(tree: string, path: string, content: string | Uint8Array, mode = 0o644): void {
  const target = join(tree, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, content, { mode });
}
