import { printTable } from '../../../coordinator/cli/print/print-table.ts';
import { cellName, CONTAINERD_HOSTS, CONTAINERD_SUITES, type ContainerdMinor, type ContainerdSuite } from '../../fleet/containerd-host.ts';
import type { Seen } from '../../run/tally-tests.ts';
import type { SeenTable } from '../play-tests.ts';
import type { HostParts } from './containerd-hosts.ts';

/** Each is taken back too, and the last column counts that. */
export const CHANGES = ['add crun', 'crun as default', 'Wasm', 'registry hosts', 'sandbox image', 'next containerd'] as const;
export type Change = (typeof CHANGES)[number];
const COLUMNS = [...CHANGES, 'revert'];

/** What a test of one cell, or of some, saw: written as it goes, so that one which fails has told how far it came. */
export interface CellSaw {
  readonly host: string;
  readonly parts: HostParts;
  readonly changes: readonly Change[];
  /** Why it cannot be, once that was seen. */
  notThere: string | null;
  /** What has to be known of one that is there. */
  note: string | null;
  isChanged: boolean;
  isBack: boolean;
}

/**
 * Cells that cannot be. Debian 12: no WebAssembly in crun (3), crun too old for containerd from 1.7.24 on (2 x 2), nothing newer
 * than 2.1 (1). Debian 13: no 1.6 (all 7), nothing newer than 2.1 (1).
 */
const NOT_THERE = 16;

/** Every minor on every Debian. */
export const MATRIX_HOSTS = (Object.keys(CONTAINERD_HOSTS) as ContainerdSuite[]).flatMap((suite) => (Object.keys(CONTAINERD_SUITES) as ContainerdMinor[]).map((minor) => ({ suite, minor })));

/** A cell says `ok` only where its test saw the change and the way back, and passed. */
export function matrixTable(seen: readonly Seen[]): SeenTable {
  const cells = seen.map(({ is, saw }) => ({ passed: is === 'passed', ...(saw as CellSaw) }));
  const notes = [...new Set(cells.flatMap((cell) => noteOf(cell) ?? []))];
  const rows = MATRIX_HOSTS.map((one) => {
    const host = cellName(one);
    const ofHost = cells.filter((cell) => cell.host === host);
    const parts = ofHost[0]?.parts ?? { system: one.suite, containerd: one.minor, runc: '', crun: '' };
    const shown = [...CHANGES.map((change) => cellText(ofHost.filter(({ changes }) => changes.includes(change)), notes)), wayBack(ofHost, notes)];
    return { host, parts: [parts.system, parts.containerd, parts.runc, parts.crun], shown };
  });
  const notThere = rows.flatMap(({ shown }) => shown).filter((text) => text.startsWith('n/a')).length;
  return {
    lines: [
      '',
      ...printTable(['SYSTEM', 'CONTAINERD', 'RUNC', 'CRUN', ...COLUMNS.map((name) => name.toUpperCase())], rows.map(({ parts, shown }) => [...parts, ...shown])),
      ...notes.map((note, index) => `[${index + 1}] ${note}`),
      `${notThere} of ${rows.length * COLUMNS.length} cells cannot be`,
    ],
    problems: [
      ...rows.flatMap(({ host, shown }) => {
        const missing = COLUMNS.filter((_, column) => shown[column] === NOT_SEEN);
        return missing.length === 0 ? [] : [`${host}: not seen: ${missing.join(', ')}`];
      }),
      ...(notThere === NOT_THERE ? [] : [`${notThere} cells cannot be, not ${NOT_THERE}`]),
    ],
  };
}

type Told = CellSaw & { readonly passed: boolean };
const NOT_SEEN = 'NOT SEEN';

function noteOf({ passed, notThere, note }: Told): string | null {
  return !passed ? null : notThere !== null ? `n/a: ${notThere}` : note;
}

function cellText([one]: readonly Told[], notes: readonly string[]): string {
  if (one === undefined || (one.passed && one.notThere === null && !(one.isChanged && one.isBack))) return NOT_SEEN;
  if (!one.passed) return 'FAILED';
  const note = noteOf(one);
  return `${one.notThere === null ? 'ok' : 'n/a'}${note === null ? '' : ` [${notes.indexOf(note) + 1}]`}`;
}

/** Of the changes that were made. */
function wayBack(ofHost: readonly Told[], notes: readonly string[]): string {
  const made = ofHost.filter(({ isChanged }) => isChanged);
  const back = made.filter(({ isBack }) => isBack).length;
  if (made.length > 0) return `${back === made.length ? 'ok' : 'FAILED'}, ${back} of ${made.length}`;
  const [one] = ofHost;
  return one !== undefined && ofHost.every(({ passed, notThere }) => passed && notThere !== null) ? cellText([one], notes) : NOT_SEEN;
}
