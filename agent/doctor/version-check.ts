import type { VersionState } from '../runner/describe-version.ts';
import { type Check, failed, ok, warning } from './check.ts';

/** @param runs the version that the agent's unit runs; null where it runs none. */
export function versionCheck(state: VersionState, runs: string | null): Check {
  return {
    name: 'agent',
    run: async () => {
      const { current, beside, provedUnixMs, upgradedBy } = state;
      const others = beside.length === 0 ? '' : `; ${beside.join(', ')} beside it`;
      if (current === null) return failed('/usr/lib/farrier-agent/current leads to no complete version', 'reinstall the package farrier-agent');
      if (upgradedBy !== null) return warning(`${current}, being upgraded by ${upgradedBy}${others}`, 'it finishes or reverts by itself: farrier-agent status');
      if (runs !== null && runs !== current) return warning(`${runs} runs, ${current} is installed${others}`, 'systemctl restart farrier-agent');
      if (provedUnixMs === null && runs === null) return warning(`${current}, which does not run${others}`, 'systemctl start farrier-agent, once the host is enrolled');
      if (provedUnixMs === null) return warning(`${current}, which no session has proved yet${others}`, 'systemctl status farrier-agent says why it does not connect');
      return ok(`${current}, proved by a session at ${new Date(provedUnixMs).toISOString()}${others}`);
    },
  };
}
