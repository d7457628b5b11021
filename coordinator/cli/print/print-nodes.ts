import type { Node__Output as FleetNode } from '../../../shared/wire/messages.ts';
import { formatMoment, formatSince } from './format-age.ts';
import { printFacts, printTable } from './print-table.ts';

export function printNodes(nodes: readonly FleetNode[], nowUnixMs: number): readonly string[] {
  if (nodes.length === 0) return ['no nodes yet; `farrier token create` makes a token with which a host enrolls'];
  const rows = nodes.map((node) => [node.name, node.pendingApproval ? `${node.session}, another waits` : node.session, node.unavailableReason || 'available', seen(node, nowUnixMs), node.cluster, node.zone, node.agentVersion, formatLabels(node.labels)]);
  return printTable(['NODE', 'SESSION', 'AVAILABILITY', 'SEEN', 'CLUSTER', 'ZONE', 'AGENT', 'LABELS'], rows);
}

export function printNode(node: FleetNode, nowUnixMs: number): readonly string[] {
  return printFacts([
    ['node', node.name],
    ['session', node.session],
    ['availability', node.unavailableReason === '' ? 'available' : `unavailable: ${node.unavailableReason}`],
    ['last seen', node.lastSeenUnixMs === 0 ? 'not since the coordinator started' : `${formatMoment(node.lastSeenUnixMs)} (${seen(node, nowUnixMs)} ago)`],
    ['slot', node.slotRollout === '' ? 'none' : `of rollout ${node.slotRollout}`],
    ['generation', String(node.generation)],
    ['cluster', node.cluster],
    ['zone', node.zone],
    ['site', node.site],
    ['labels', formatLabels(node.labels)],
    ['agent', node.agentVersion],
    ['system', [node.osRelease, node.architecture].filter((part) => part !== '').join(', ')],
    ...(node.pendingApproval ? [['approval', waiting(node, nowUnixMs)] as const] : []),
  ]);
}

function waiting({ name, pendingMachineId, pendingSinceUnixMs }: FleetNode, nowUnixMs: number): string {
  const machine = pendingMachineId === '' ? 'another host' : `another host, machine id ${pendingMachineId},`;
  return `${machine} waits for ${formatSince(pendingSinceUnixMs, nowUnixMs)}: farrier node approve ${name}, or with --reject`;
}

function seen(node: FleetNode, nowUnixMs: number): string {
  return formatSince(node.lastSeenUnixMs, nowUnixMs);
}

function formatLabels(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}
