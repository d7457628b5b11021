import { readdirSync, readlinkSync } from 'node:fs';
import { findContainer, isSameContainerRunning } from './container-image.ts';
import type { RunningContainer } from './container-image.ts';
import type { Sight } from './down-intervals.ts';
import { monotonicMs } from './fault-log.ts';
import type { Host } from './host.ts';
import { identify, isAlive } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** A run of a unit: systemd gives every start an id of its own. */
interface UnitRun {
  readonly leader: ProcessIdentity;
  readonly invocation: string;
  /** null for a unit without a main process, such as a target. */
  readonly main: ProcessIdentity | null;
  readonly activeSinceMs: number;
}

/** What the looks before know, so that a look at a host that did not change reads two small files a unit. */
export interface HostMemory {
  readonly units: Map<string, UnitRun>;
  readonly containers: Map<string, RunningContainer>;
  nextContainerLookMs: number;
}

export interface Observation {
  readonly sight: Sight;
  readonly assignments: readonly string[];
}

const showMaxMs = 3000;
const containerLookEveryMs = 1000;
const assignmentUnit = /^invocation:(farrier-assignment-.+)$/;

interface UnitLook {
  readonly cause?: string;
  readonly downSinceMs?: number;
  readonly upSinceMs?: number;
  readonly wasDownFromMs?: number;
  readonly restarted?: true;
}

/**
 * One look from outside. Costs some tenths of a millisecond while nothing changed; a unit that changed is asked of the
 * host's systemd, which also knows the exact times. What it cannot see: a unit whose main process goes on while systemd
 * already stops it (its start is corrected once it ended), and two restarts between two looks (they are one).
 */
export async function observeHost(host: Host, units: readonly string[], memory: HostMemory): Promise<Observation> {
  const atMs = monotonicMs();
  const { leader } = host;
  if (leader === null) return { sight: { atMs, causes: ['host down'] }, assignments: [] };
  const assignments = runningAssignments(leader);
  const stopped = [...(host.isFrozen ? ['frozen'] : []), ...(host.isPartitioned ? ['cut off'] : [])];
  if (host.isFrozen) return { sight: { atMs, causes: stopped }, assignments };
  const looks = await Promise.all(units.map((unit) => lookAtUnit(host, leader, unit, memory)));
  const lost = await lookAtContainers(host, memory, atMs);
  const causes = [...stopped, ...looks.flatMap(({ cause }) => cause ?? []), ...lost];
  const downTimes = looks.flatMap(({ downSinceMs }) => downSinceMs ?? []);
  const upTimes = looks.flatMap(({ upSinceMs }) => upSinceMs ?? []);
  const restarts = looks.flatMap((look, index) => (look.restarted === true ? [{ cause: `${units[index]} restarted`, fromMs: look.wasDownFromMs }] : []));
  const restartTimes = restarts.flatMap(({ fromMs }) => fromMs ?? []);
  return {
    assignments,
    sight: {
      atMs, causes,
      // Exact only where every cause has an exact time: the first of them would otherwise hide an earlier one.
      ...(downTimes.length > 0 && downTimes.length === causes.length ? { downSinceMs: Math.min(...downTimes) } : {}),
      ...(upTimes.length > 0 ? { upSinceMs: Math.max(...upTimes) } : {}),
      ...(restarts.length === 0 ? {} : { wasDown: { causes: restarts.map(({ cause }) => cause), ...(restartTimes.length === restarts.length ? { fromMs: Math.min(...restartTimes) } : {}) } }),
    },
  };
}

async function lookAtUnit(host: Host, leader: ProcessIdentity, unit: string, memory: HostMemory): Promise<UnitLook> {
  const known = memory.units.get(unit);
  const proc = `/proc/${leader.pid}/root/proc`;
  const isSameBoot = known?.leader.pid === leader.pid && known.leader.startTicks === leader.startTicks;
  if (known !== undefined && isSameBoot && invocationOf(leader, unit) === known.invocation && (known.main === null || isAlive(known.main, proc))) return {};
  const { stdout, stderr, exitCode } = await host.peek(['systemctl', 'show', unit, '--property=ActiveState,MainPID,InvocationID,ActiveEnterTimestampMonotonic,ActiveExitTimestampMonotonic'], { timeoutMs: showMaxMs }).catch((error: unknown) => ({ stdout: '', stderr: String(error), exitCode: 1 }));
  if (exitCode !== 0) return { cause: `${unit} unknown (${stderr.trim() || `exit code ${exitCode}`})` };
  const shown = new Map(stdout.trim().split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const));
  const activeSinceMs = Number(shown.get('ActiveEnterTimestampMonotonic')) / 1000;
  const activeUntilMs = Number(shown.get('ActiveExitTimestampMonotonic')) / 1000;
  const downTime = activeUntilMs > 0 && known !== undefined && isSameBoot && activeUntilMs >= known.activeSinceMs ? activeUntilMs : undefined;
  if (!['active', 'reloading'].includes(shown.get('ActiveState') ?? '')) {
    return { cause: `${unit} ${shown.get('ActiveState') ?? 'unknown'}`, ...(downTime === undefined ? {} : { downSinceMs: downTime }) };
  }
  const pid = Number(shown.get('MainPID'));
  const run = { leader, invocation: shown.get('InvocationID') ?? '', main: pid > 0 ? identify(pid, proc) : null, activeSinceMs };
  if (pid > 0 && run.main === null) return { cause: `${unit} changing` };
  memory.units.set(unit, run);
  if (known === undefined || (isSameBoot && known.invocation === run.invocation && known.main?.pid === run.main?.pid)) return { upSinceMs: activeSinceMs };
  return { upSinceMs: activeSinceMs, restarted: true, ...(downTime === undefined ? {} : { wasDownFromMs: downTime }) };
}

async function lookAtContainers(host: Host, memory: HostMemory, atMs: number): Promise<readonly string[]> {
  const gone = [...memory.containers.values()].filter((container) => !isSameContainerRunning(host, container));
  if (gone.length > 0 && atMs >= memory.nextContainerLookMs) {
    memory.nextContainerLookMs = atMs + containerLookEveryMs;
    for (const { name } of gone) {
      const again = await findContainer(host, name).catch(() => null);
      if (again !== null) memory.containers.set(name, again);
    }
  }
  // Named in this look even when it was found again: a container of the same name is another container.
  return gone.map(({ name }) => `container ${name} gone`);
}

/** Work units of the agent, seen from outside: no program is started for it. */
export function runningAssignments(leader: ProcessIdentity): readonly string[] {
  try {
    return readdirSync(`/proc/${leader.pid}/root/run/systemd/units`).flatMap((name) => assignmentUnit.exec(name)?.[1] ?? []);
  } catch {
    return [];
  }
}

function invocationOf(leader: ProcessIdentity, unit: string): string | null {
  try {
    return readlinkSync(`/proc/${leader.pid}/root/run/systemd/units/invocation:${unit}`);
  } catch {
    return null;
  }
}
