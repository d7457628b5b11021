import type { FaultLog } from './fault-log.ts';
import type { HostDisk } from './host-disk.ts';
import type { Holder } from './holder.ts';

/** What the fleet gives a host when it makes it. */
export interface HostSetup {
  readonly name: string;
  readonly index: number;
  readonly address: string;
  readonly folder: string;
  readonly disk: HostDisk;
  /** The host's groups in every hierarchy. */
  readonly cgroups: readonly string[];
  readonly binds: readonly string[];
  /** Files of its root file system, written before its first boot. */
  readonly firstFiles: Readonly<Record<string, string>>;
  readonly holder: Holder;
  readonly faultLog: FaultLog;
}
