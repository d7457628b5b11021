import type { RunProgram } from '../../ports/programs.ts';
import type { Units } from '../../ports/units.ts';

const LINES = 40;
/** Those that start it, and those that its stop takes along and its start does not bring back. */
const NEEDED_BY = ['WantedBy', 'RequiredBy', 'UpheldBy', 'BoundBy', 'ConsistsOf'];
const PROPERTIES = ['LoadState', 'ActiveState', 'SubState', 'MainPID', 'ExecMainStartTimestampMonotonic', 'UnitFileState', 'NRestarts', 'NeedDaemonReload', 'ActiveExitTimestampMonotonic', 'ActiveEnterTimestampMonotonic'];

export function systemdUnits(run: RunProgram): Units {
  const show = async (unit: string, signal: AbortSignal, properties = PROPERTIES): Promise<ReadonlyMap<string, string>> => {
    const { code, stdout, stderr } = await run(['systemctl', 'show', `--property=${properties.join(',')}`, '--', unit], { signal });
    if (code !== 0) throw new Error(`systemctl show ${unit}: ${stderr.trim()}`);
    return new Map(stdout.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
  };
  const ask = async (verb: 'restart' | 'start' | 'stop' | 'enable' | 'disable', unit: string, signal: AbortSignal, options: readonly string[] = []): Promise<string> => {
    const { code, stderr } = await run(['systemctl', verb, ...options, '--', unit], { signal });
    return code === 0 ? '' : stderr.trim() || `exit code ${code}`;
  };
  const reloadWhereNeeded = async (unit: string, signal: AbortSignal): Promise<void> => {
    if ((await show(unit, signal)).get('NeedDaemonReload') === 'yes') await run(['systemctl', 'daemon-reload'], { signal });
  };
  return {
    look: async (unit, signal) => {
      const properties = await show(unit, signal);
      const property = (name: string): string => properties.get(name) ?? '';
      // `masked` cannot be started, `not-found` is none; a unit whose file is bad has none that works.
      if (property('LoadState') !== 'loaded') return null;
      return {
        activeState: property('ActiveState'),
        subState: property('SubState'),
        mainPid: Number(property('MainPID') || '0'),
        startedMs: Number(property('ExecMainStartTimestampMonotonic') || '0') / 1000,
        unitFileState: property('UnitFileState'),
        restarts: Number(property('NRestarts') || '0'),
        ...awayOf(Number(property('ActiveExitTimestampMonotonic') || '0'), Number(property('ActiveEnterTimestampMonotonic') || '0')),
      };
    },
    restart: async (unit, signal) => {
      await reloadWhereNeeded(unit, signal);
      // A unit that hit its start limit on the new version must be able to come back on the old one.
      await run(['systemctl', 'reset-failed', '--', unit], { signal });
      return await ask('restart', unit, signal);
    },
    start: async (unit, signal) => {
      await run(['systemctl', 'reset-failed', '--', unit], { signal });
      return await ask('start', unit, signal);
    },
    begin: async (unit, signal) => {
      await reloadWhereNeeded(unit, signal);
      await run(['systemctl', 'reset-failed', '--', unit], { signal });
      return await ask('start', unit, signal, ['--no-block']);
    },
    stop: (unit, signal) => ask('stop', unit, signal),
    enable: (unit, signal) => ask('enable', unit, signal),
    disable: (unit, signal) => ask('disable', unit, signal),
    starters: async (unit, signal) => {
      const properties = await show(unit, signal, ['TriggeredBy', ...NEEDED_BY]);
      const named = (name: string): readonly string[] => (properties.get(name) ?? '').split(' ').filter((each) => each !== '');
      return { triggers: named('TriggeredBy').toSorted(), needers: [...new Set(NEEDED_BY.flatMap(named))].filter((each) => !each.endsWith('.target')).toSorted() };
    },
    lastLines: async (unit, signal) =>
      (await run(['journalctl', `--unit=${unit}`, `--lines=${LINES}`, '--no-pager', '--output=short-iso', '--quiet'], { signal })).stdout,
  };
}

/** In microseconds since the boot; 0 where it never did. */
function awayOf(leftUs: number, backUs: number): { readonly awayMs?: number } {
  return leftUs > 0 && backUs > leftUs ? { awayMs: Math.round((backUs - leftUs) / 1000) } : {};
}
