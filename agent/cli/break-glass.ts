import { systemClock } from '../../shared/ports/system-clock.ts';
import { deadlineWatchdog } from '../adapters/deadline-watchdog.ts';
import { breakGlassDisarm, breakGlassFinish, breakGlassRelease, breakGlassRevert, type BreakGlassResult } from '../runner/break-glass.ts';
import { type Opened, openOrEnd } from './open-or-end.ts';
import { asVerb, complain, readOptions } from './read-options.ts';
import type { Verb } from './verb.ts';
import { workUnitsOf } from './work-units-of.ts';

const HELP = `Usage: farrier-agent finish | revert | disarm | release [--json]

Break-glass, as root on the host, with no coordinator needed. Everything is journaled and reported when the link is back.

  finish   go on with what was begun, also after it stopped as needs-a-person
  revert   put back what was begun; give up what was not
  disarm   take the watchdog's deadline away: nothing is reverted by itself
  release  end an assignment that is not begun, or one that a person has mended by hand; the slot comes free

Example:
  farrier-agent status && farrier-agent revert`;

const ACTIONS: Readonly<Record<string, (opened: Opened) => Promise<BreakGlassResult>>> = {
  finish: (opened) => breakGlassFinish(unitsOf(opened), opened.host, sayWhile),
  revert: (opened) => breakGlassRevert(unitsOf(opened), opened.host, sayWhile),
  disarm: (opened) => breakGlassDisarm(watchdogOf(opened), opened.host),
  release: (opened) => breakGlassRelease(unitsOf(opened), watchdogOf(opened), opened.host),
};

export const verb: Verb = (name, args) =>
  asVerb(async () => {
    const { values } = readOptions(args, {}, HELP);
    const action = ACTIONS[name];
    if (action === undefined) throw new Error(`no break-glass verb ${name}`);
    if (process.getuid?.() !== 0) return complain('break-glass is for root: run it with sudo');
    const result = await action(await openOrEnd(values));
    if (values['json'] === true) process.stdout.write(`${JSON.stringify(result)}\n`);
    else if (result.ok) process.stdout.write(`${result.message}\n`);
    else return complain(`${result.message}; ${result.remedy}`);
    return result.ok ? 0 : 1;
  });

function sayWhile(line: string): void {
  process.stderr.write(`farrier-agent: ${line}\n`);
}

function unitsOf({ settings, configDir }: Opened) {
  return workUnitsOf(settings.stateDir, configDir);
}

function watchdogOf({ settings }: Opened) {
  return deadlineWatchdog(settings.stateDir, systemClock);
}
