import type { Artifact__Output as Artifact } from '../../../shared/wire/messages.ts';
import { formatSince } from './format-age.ts';
import { printTable } from './print-table.ts';

/** The sha256 and the size in bytes as a plan has to write them. */
export function printArtifacts(artifacts: readonly Artifact[], nowUnixMs: number): readonly string[] {
  if (artifacts.length === 0) return ['no artifacts yet; `farrier artifact add FILE` adds one'];
  const rows = artifacts.map(({ name, sha256, size, addedBy, addedUnixMs }) => [name, sha256, String(size), addedBy, `${formatSince(addedUnixMs, nowUnixMs)} ago`]);
  return printTable(['NAME', 'SHA256', 'SIZE', 'ADDED BY', 'ADDED'], rows);
}
