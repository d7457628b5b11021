import type { AssignmentSighting } from './attribution.ts';
import type { Host } from './host.ts';

const readMaxMs = 15_000;

/**
 * When assignments' units ran on a host, from its own journal: finds also the short ones that no look saw. The journal's
 * monotonic time is this machine's, as all share one kernel. [] for a host that is down.
 */
export async function assignmentsInJournal(host: Host): Promise<readonly AssignmentSighting[]> {
  if (!host.isUp() || host.isFrozen) return [];
  const { stdout } = await host.peek(['journalctl', '--unit=farrier-assignment-*', '--output=json', '--output-fields=UNIT,_SYSTEMD_UNIT,_BOOT_ID', '--no-pager', '--quiet'], { timeoutMs: readMaxMs }).catch(() => ({ stdout: '' }));
  const spans = new Map<string, { unit: string; firstMs: number; lastMs: number }>();
  for (const line of stdout.split('\n')) {
    if (!line.startsWith('{')) continue;
    const entry = JSON.parse(line) as Readonly<Record<string, string | undefined>>;
    const unit = entry['UNIT'] ?? entry['_SYSTEMD_UNIT'] ?? '';
    const atMs = Number(entry['__MONOTONIC_TIMESTAMP']) / 1000;
    if (!unit.startsWith('farrier-assignment-') || !Number.isFinite(atMs)) continue;
    const key = `${entry['_BOOT_ID']} ${unit}`;
    const span = spans.get(key) ?? { unit, firstMs: atMs, lastMs: atMs };
    spans.set(key, { unit, firstMs: Math.min(span.firstMs, atMs), lastMs: Math.max(span.lastMs, atMs) });
  }
  return [...spans.values()].map((span) => ({ host: host.name, notBeforeMs: span.firstMs, ...span }));
}
