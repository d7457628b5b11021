import type { ClusterRecovery__Output as ClusterRecovery, ListedSnapshot__Output as ListedSnapshot, ReportSnapshotsResponse__Output, SnapshotDrill__Output as SnapshotDrill } from '../../../shared/wire/messages.ts';
import { formatAge, formatMoment, formatSince } from './format-age.ts';
import { printExplanations } from './print-explanations.ts';
import { printFacts } from './print-table.ts';

const FIRST_PHASES = ['prepare', 'unseal', 'check', 'restore', 'start', 'compare', 'clean'];

/** Each cluster against the policy's targets. */
export function printRecovery({ clusters, takenWithinMs, provedWithinMs, restoredWithinMs }: ReportSnapshotsResponse__Output, nowUnixMs: number): readonly string[] {
  if (clusters.length === 0) return ['no node tells of a datastore that a snapshot can be taken of'];
  return clusters.flatMap((cluster, index) => [...(index === 0 ? [] : ['']), ...printCluster(cluster, { takenWithinMs, provedWithinMs, restoredWithinMs }, nowUnixMs)]);
}

function printCluster({ cluster, takenAgeMs, provedAgeMs, newestTaken, newestProved, newestOffHost, lastDrill, alerts, doing }: ClusterRecovery, targets: { readonly takenWithinMs: number; readonly provedWithinMs: number; readonly restoredWithinMs: number }, nowUnixMs: number): readonly string[] {
  const facts = printFacts([
    ['RPO', `${takenAgeMs === undefined ? 'everything' : formatAge(takenAgeMs)}, target ${formatAge(targets.takenWithinMs)}`],
    ['newest', newestTaken === null ? 'none' : `${idOf(newestTaken)} of ${newestTaken.node}`],
    ['newest proved', newestProved === null ? 'none' : `${idOf(newestProved)}, ${formatAge(provedAgeMs ?? 0)} old, target ${formatAge(targets.provedWithinMs)}`],
    ['newest off its host', newestOffHost === null ? 'none' : `${idOf(newestOffHost)} on ${newestOffHost.places.filter((place) => place !== 'host').join(', ')}`],
    ['RTO', lastDrill === null || lastDrill.failure !== '' ? `not known, target ${formatAge(targets.restoredWithinMs)}` : `${formatAge(lastDrill.rtoMs)}, target ${formatAge(targets.restoredWithinMs)}`],
    ['last drill', lastDrill === null ? 'none' : `${formatSince(lastDrill.beganUnixMs, nowUnixMs)} ago by ${lastDrill.by}${lastDrill.failure === '' ? ` on ${lastDrill.prover}` : `: ${lastDrill.failure}`}`],
    ['now', doing],
  ]);
  const missed = alerts.length === 0 ? [] : printExplanations(cluster, alerts, nowUnixMs);
  return [`cluster ${cluster}: ${alerts.length === 0 ? 'all targets are met' : `${alerts.length} ${alerts.length === 1 ? 'target is' : 'targets are'} missed`}`, ...facts.map((line) => `  ${line}`), ...missed.map((line) => (line === '' ? '' : `  ${line}`))];
}

export function printDrill({ beganUnixMs, snapshot, prover, rtoMs, rpoMs, fetchMs, phasesMs }: SnapshotDrill): readonly string[] {
  const phases = FIRST_PHASES.filter((phase) => phasesMs[phase] !== undefined).map((phase) => `${phase} ${seconds(phasesMs[phase] ?? 0)}`);
  return printFacts([
    ['drill', formatMoment(beganUnixMs)],
    ['snapshot', snapshot],
    ['restored on', prover],
    ['RTO', `${seconds(rtoMs)}: fetch ${seconds(fetchMs)}, ${phases.join(', ')}`],
    ['RPO', formatAge(rpoMs)],
  ]);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 0)}s`;
}

function idOf({ snapshot }: ListedSnapshot): string {
  return snapshot?.id ?? '';
}
