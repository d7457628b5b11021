import type { PackageCall, PackageName, PackageState } from '../../ports/package-system.ts';
import type { PackageParts } from '../packages/package-parts.ts';
import { mustRun } from './invoke-apt.ts';

/** dpkg-query(1): a package of the host's own architecture may or may not carry it in its name. */
const FORMAT = '${binary:Package}\\t${Version}\\t${db:Status-Want}\\t${db:Status-Eflag}\\t${db:Status-Status}\\n';

interface Row {
  readonly version: string;
  readonly want: string;
  readonly flag: string;
  readonly status: string;
}

export async function packageStates(parts: PackageParts, names: readonly PackageName[], call: PackageCall): Promise<readonly PackageState[]> {
  const rows = await readRows(parts, call);
  const auto = new Set((await mustRun(parts, ['apt-mark', 'showauto'], call)).split('\n'));
  return names.map((name) => {
    const row = rows.get(name);
    const state = row === undefined ? 'absent' : stateOf(row);
    const version = state === 'installed' || state === 'broken' ? (row?.version || null) : null;
    return { name, state, version, hold: row?.want === 'hold', auto: auto.has(name) };
  });
}

export async function brokenPackages(parts: PackageParts, call: PackageCall): Promise<readonly PackageName[]> {
  return [...(await readRows(parts, call))].filter(([, row]) => stateOf(row) === 'broken').map(([name]) => name);
}

function stateOf({ status, flag }: Row): PackageState['state'] {
  if (flag !== 'ok') return 'broken';
  if (status === 'installed') return 'installed';
  if (status === 'not-installed') return 'absent';
  return status === 'config-files' ? 'config-files' : 'broken';
}

async function readRows(parts: PackageParts, call: PackageCall): Promise<ReadonlyMap<PackageName, Row>> {
  const own = await ownArchitecture(parts, call);
  const rows = new Map<PackageName, Row>();
  for (const line of (await mustRun(parts, ['dpkg-query', '--show', `--showformat=${FORMAT}`], call)).split('\n')) {
    const [full = '', version = '', want = '', flag = '', status = ''] = line.split('\t');
    if (full === '') continue;
    const name = full.endsWith(`:${own}`) ? full.slice(0, -own.length - 1) : full;
    rows.set(name, { version, want, flag, status });
  }
  return rows;
}

/** Of the host itself, as dpkg names it. */
export async function ownArchitecture(parts: PackageParts, call: PackageCall): Promise<string> {
  return (await mustRun(parts, ['dpkg', '--print-architecture'], call)).trim();
}
