import type { PackageChange } from '../../ports/package-system.ts';

export interface Simulation {
  readonly changes: readonly PackageChange[];
  readonly removals: readonly string[];
}

/**
 * Reads `apt-get --simulate`: `Inst name [old] (new origin [arch])`, `Remv name [old]`.
 * A package that is taken apart and put together again has several lines; the last version counts.
 */
export function parseSimulation(stdout: string): Simulation {
  const changes = new Map<string, PackageChange>();
  const removals = new Set<string>();
  for (const line of stdout.split('\n')) {
    const install = /^Inst (\S+) (?:\[(\S+)\] )?\((\S+) /.exec(line);
    if (install !== null) {
      const [, name = '', from, to = ''] = install;
      changes.set(name, { name, from: from ?? null, to });
      removals.delete(name);
    }
    const removal = /^(?:Remv|Purg) (\S+)/.exec(line)?.[1];
    if (removal !== undefined) removals.add(removal);
  }
  return { changes: [...changes.values()], removals: [...removals] };
}
