import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** One Debian archive as the machine itself uses it. */
export interface DebianSource {
  readonly uri: string;
  readonly suites: readonly string[];
  readonly signedBy: string | null;
}

/** The machine's own Debian archives, from deb822 and one-line files; other vendors' are left out. */
export function machineDebianSources(aptFolder = '/etc/apt', codename = machineCodename()): readonly DebianSource[] {
  const parts = join(aptFolder, 'sources.list.d');
  const files = [join(aptFolder, 'sources.list'), ...(existsSync(parts) ? readdirSync(parts).sort().map((name) => join(parts, name)) : [])];
  return files.flatMap((file) => {
    if (!existsSync(file)) return [];
    const text = readFileSync(file, 'utf8');
    if (file.endsWith('.sources')) return parseDeb822Sources(text, codename);
    return file.endsWith('.list') ? parseOneLineSources(text, codename) : [];
  });
}

/** VERSION_CODENAME of os-release(5), '' where there is none. */
export function machineCodename(osRelease = '/etc/os-release'): string {
  const text = existsSync(osRelease) ? readFileSync(osRelease, 'utf8') : '';
  return /^VERSION_CODENAME="?([a-z]+)"?$/m.exec(text)?.[1] ?? '';
}

/** Paragraphs of sources.list(5), deb822 style. */
export function parseDeb822Sources(text: string, codename: string): readonly DebianSource[] {
  return text.split(/\n\s*\n/).flatMap((paragraph) => {
    const fields = new Map<string, string>();
    let last = '';
    for (const line of paragraph.split('\n')) {
      if (line.startsWith('#')) continue;
      const field = /^([A-Za-z-]+):\s*(.*)$/.exec(line);
      if (field !== null) fields.set((last = (field[1] ?? '').toLowerCase()), field[2] ?? '');
      else if (last !== '') fields.set(last, `${fields.get(last) ?? ''} ${line.trim()}`);
    }
    const words = (name: string): readonly string[] => (fields.get(name) ?? '').split(/\s+/).filter((word) => word !== '');
    if (fields.get('enabled') === 'no' || !words('types').includes('deb')) return [];
    const signedBy = words('signed-by')[0] ?? null;
    return words('uris').flatMap((uri) => onlyDebian({ uri, suites: words('suites'), signedBy }, words('components'), codename));
  });
}

/** Lines of sources.list(5), one-line style. */
export function parseOneLineSources(text: string, codename: string): readonly DebianSource[] {
  return text.split('\n').flatMap((line) => {
    const parts = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]*)/.exec(line);
    if (parts === null) return [];
    const signedBy = /signed-by=(\S+)/.exec(parts[1] ?? '')?.[1] ?? null;
    return onlyDebian({ uri: parts[2] ?? '', suites: [parts[3] ?? ''], signedBy }, (parts[4] ?? '').trim().split(/\s+/), codename);
  });
}

/** `deb` lines for another release of Debian from the archives the machine uses: `bookworm-security` becomes `trixie-security`. */
export function oneLineSources(sources: readonly DebianSource[], codename: string, suite: string): readonly string[] {
  return sources.flatMap((source) => source.suites.map((name) => {
    const keyring = source.signedBy === null ? '' : `[signed-by=${source.signedBy}] `;
    return `deb ${keyring}${source.uri} ${suite}${name.slice(codename.length)} main`;
  }));
}

/** Debian's own are known by the suite's name, by the component main, and by a Debian keyring where one is named. */
function onlyDebian(source: DebianSource, components: readonly string[], codename: string): readonly DebianSource[] {
  const suites = source.suites.filter((suite) => codename !== '' && new RegExp(`^${codename}(-(updates|security))?$`).test(suite));
  const debianKey = source.signedBy === null || source.signedBy.includes('debian-archive');
  return suites.length > 0 && components.includes('main') && debianKey ? [{ ...source, suites }] : [];
}
