import type { AgentVersions } from '../ports/agent-versions.ts';
import { readProved } from './proved-version.ts';
import { readUpgradeMarker } from './upgrade-marker.ts';

/** The agent of this host, as its files say it. */
export interface VersionState {
  /** What `current` leads to; null where it leads nowhere. */
  readonly current: string | null;
  readonly beside: readonly string[];
  /** When a session proved the current version; null where none has. */
  readonly provedUnixMs: number | null;
  /** The version that is upgrading the agent right now. */
  readonly upgradedBy: string | null;
}

export async function describeVersion(versions: AgentVersions, stateDir: string): Promise<VersionState> {
  const current = await versions.current();
  const proved = readProved(stateDir);
  return {
    current,
    beside: (await versions.present()).filter((version) => version !== current),
    provedUnixMs: proved !== null && proved.version === current ? proved.wallUnixMs : null,
    upgradedBy: readUpgradeMarker(stateDir)?.version ?? null,
  };
}
