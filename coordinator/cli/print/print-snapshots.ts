import type { ListedSnapshot__Output as ListedSnapshot, SnapshotWorkDone__Output } from '../../../shared/wire/messages.ts';
import { formatMoment, formatSince } from './format-age.ts';
import { formatBytes } from './format-bytes.ts';
import { plainText } from './plain-text.ts';
import { printFacts, printTable } from './print-table.ts';

export function printSnapshots(snapshots: readonly ListedSnapshot[], nowUnixMs: number): readonly string[] {
  if (snapshots.length === 0) return ['no snapshots yet; `farrier snapshot take CLUSTER` takes one'];
  const rows = snapshots.flatMap(({ snapshot, node, places }) => (snapshot === null ? [] : [[
    snapshot.cluster, snapshot.id, node, `${formatSince(snapshot.takenUnixMs, nowUnixMs)} ago`, String(snapshot.revision), formatBytes(snapshot.sealed?.size ?? snapshot.plain?.size ?? 0),
    snapshot.sealed === null ? 'no' : 'yes', places.join('+'), snapshot.proof === null ? '' : `${formatSince(snapshot.proof.provedUnixMs, nowUnixMs)} ago on ${snapshot.proof.provedBy}`,
  ]]));
  return printTable(['CLUSTER', 'SNAPSHOT', 'TAKEN ON', 'TAKEN', 'REVISION', 'SIZE', 'SEALED', 'LIES ON', 'PROVED'], rows);
}

/** What came of a taking or a proof. */
export function printSnapshot({ snapshot: listed, warning }: SnapshotWorkDone__Output): readonly string[] {
  const { snapshot, node = '', places = [] } = listed ?? {};
  const facts = !snapshot ? [] : printFacts([
    ['snapshot', snapshot.id],
    ['cluster', snapshot.cluster],
    ['taken on', `${node} at ${formatMoment(snapshot.takenUnixMs)}`],
    ['revision', String(snapshot.revision)],
    ['size', formatBytes(snapshot.sealed?.size ?? snapshot.plain?.size ?? 0)],
    ['sealed', snapshot.sealed === null ? 'no' : 'yes'],
    ['lies on', places.join(', ')],
    ['proved', snapshot.proof === null ? '' : `on ${snapshot.proof.provedBy}: ${snapshot.proof.compared.join(', ')}`],
  ]);
  return [...facts, ...(warning === '' ? [] : [plainText(`mind: ${warning}`)])];
}
