import { isSameContainerRunning, type RunningContainer } from '../fleet/container-image.ts';
import type { Host } from '../fleet/host.ts';
import { say } from './say.ts';

export interface HostRow {
  readonly host: string;
  readonly version: string;
  readonly unit: string;
  readonly container: string;
}

/** Asks the hosts themselves: dpkg-query and systemctl there, and the container's own process; not the coordinator's memory. */
export async function readHosts(hosts: readonly Host[], what: { readonly packageName: string; readonly unit: string; readonly containers: ReadonlyMap<string, RunningContainer> }): Promise<readonly HostRow[]> {
  return await Promise.all(
    hosts.map(async (host) => {
      const version = (await host.mustExec(['dpkg-query', '--show', '--showformat=${Version} ${db:Status-Status}', what.packageName])).trim();
      const unit = (await host.exec(['systemctl', 'is-active', what.unit])).stdout.trim();
      const container = what.containers.get(host.name);
      const same = container === undefined ? '-' : isSameContainerRunning(host, container) ? 'same process' : 'GONE';
      return { host: host.name, version, unit, container: same };
    }),
  );
}

export function printHosts(rows: readonly HostRow[], packageName: string, unit: string): void {
  const table = [{ host: 'HOST', version: `${packageName.toUpperCase()} (dpkg-query)`, unit: `${unit} (systemctl)`, container: 'CONTAINER' }, ...rows];
  for (const row of table) say(`  ${row.host.padEnd(10)}${row.version.padEnd(36)}${row.unit.padEnd(36)}${row.container}`);
}
