import type { ListAuditResponse__Output as Audit } from '../../../shared/wire/messages.ts';
import { formatMoment } from './format-age.ts';
import { printTable } from './print-table.ts';

export function printAudit({ entries }: Audit): readonly string[] {
  if (entries.length === 0) return ['the audit log is empty'];
  const rows = entries.map(({ sequence, wallUnixMs, who, role, action, object, result, detail }) => [String(sequence), formatMoment(wallUnixMs), who, role, action, object, result, detail]);
  return printTable(['#', 'WHEN', 'WHO', 'ROLE', 'ACTION', 'OBJECT', 'RESULT', 'DETAIL'], rows);
}
