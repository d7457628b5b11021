import type { SnapshotState } from '../../snapshots/work/snapshot-state.ts';

/** How the last taking ended, and when the next one begins. */
export function takingText({ lastTaking, nextUnixMs }: Pick<SnapshotState, 'lastTaking' | 'nextUnixMs'>, nowUnixMs: number): readonly [string, string] {
  const at = (unixMs: number): string => new Date(unixMs).toISOString();
  const last = lastTaking === null ? 'was never begun by this host or a person here (a coordinator tells of those that it ordered)' : `${lastTaking.code === 'ok' ? 'went well' : lastTaking.code} at ${at(lastTaking.startedUnixMs)}: ${lastTaking.message}`;
  if (nextUnixMs === null) return [last, 'when somebody asks for it: agent.yaml has no snapshots.every'];
  return [last, nextUnixMs <= nowUnixMs ? 'is due: the agent takes it when it runs' : at(nextUnixMs)];
}
