import type { Generation } from '../../shared/domain/ids.ts';
import type { JournalError } from '../core/journal-error.ts';
import { openAssignment, type Progress } from '../core/progress.ts';
import type { Deadlines, Watchdog } from '../ports/watchdog.ts';
import type { WorkUnits } from '../ports/work-units.ts';
import { awaitHostJournal, type Host, journalFolder } from './host.ts';
import { JournalReader } from './journal-reader.ts';
import { recallAssignment } from './recall-assignment.ts';
import { wholeEntry } from './whole-entry.ts';

export type BreakGlassResult =
  | { readonly ok: true; readonly generation: Generation; readonly message: string }
  | { readonly ok: false; readonly message: string; readonly remedy: string };

/** For whoever waits meanwhile. */
type Say = (line: string) => void;
const SILENT: Say = () => undefined;

const LOCK_WAIT_MS = 5_000;

/** Goes forward with what was begun, whatever it was doing. The work unit journals what comes of it. */
export async function breakGlassFinish(units: WorkUnits, host: Host, say: Say = SILENT): Promise<BreakGlassResult> {
  const found = look(host);
  if ('ok' in found) return found;
  if (!found.begun) return { ok: false, message: `assignment ${found.generation} was not begun: only a permit of the coordinator begins it`, remedy: 'farrier-agent release gives it up' };
  return restart(found, 'finish', units, say);
}

/** Puts back what was begun; an assignment that was not begun is given up. */
export async function breakGlassRevert(units: WorkUnits, host: Host, say: Say = SILENT): Promise<BreakGlassResult> {
  const found = look(host);
  if ('ok' in found) return found;
  return found.begun ? restart(found, 'revert', units, say) : giveUp(found, units, host);
}

/** Takes the watchdog's deadline away: what was begun stays as it is until somebody decides. */
export async function breakGlassDisarm(watchdog: Deadlines, host: Host): Promise<BreakGlassResult> {
  const found = look(host);
  if ('ok' in found) return found;
  const { generation } = found;
  if (!(await watchdog.armed()).includes(generation)) return { ok: true, generation, message: `no deadline is set for assignment ${generation}: there was nothing to disarm` };
  await watchdog.disarm(generation);
  return { ok: true, generation, message: `the watchdog of assignment ${generation} is disarmed` };
}

/**
 * Ends the open assignment as `refused`, with the host as it is: its slot is returned. For an assignment that was not
 * begun, or one that needs a person when a person has mended the host by hand.
 */
export async function breakGlassRelease(units: WorkUnits, watchdog: Watchdog, host: Host): Promise<BreakGlassResult> {
  const found = look(host);
  if ('ok' in found) return found;
  if (!found.begun) return giveUp(found, units, host);
  const { generation } = found;
  if (found.end === null) return { ok: false, message: `assignment ${generation} is begun and goes on by itself`, remedy: 'farrier-agent finish or farrier-agent revert' };
  const opened = await awaitHostJournal(host, LOCK_WAIT_MS);
  if (!opened.ok) return failed(opened.error);
  await watchdog.disarm(generation);
  const outcome = { code: 'stopped-by-person', message: 'a person released the host as it is, after it needed one', object: '' } as const;
  opened.journal.append([wholeEntry('refused', found, { outcome })]);
  opened.journal.close();
  return { ok: true, generation, message: `assignment ${generation} is released; its slot is returned when the coordinator hears of it` };
}

async function restart(found: Progress, mode: 'finish' | 'revert', units: WorkUnits, say: Say): Promise<BreakGlassResult> {
  const { generation } = found;
  if ((await units.running()) === generation) say(`assignment ${generation} is being worked on: waiting until the step that changes the host now has ended`);
  await units.stop(generation);
  const said = await units.start(generation, mode);
  if (said !== '') return { ok: false, message: `systemd did not start the work unit: ${said}`, remedy: 'systemctl status, then try again' };
  return { ok: true, generation, message: `assignment ${generation}: ${mode} began; farrier-agent status shows how it goes` };
}

async function giveUp({ rollout, generation }: Progress, units: WorkUnits, host: Host): Promise<BreakGlassResult> {
  const result = await recallAssignment({ rollout, generation, code: 'stopped-by-person', reason: 'a person on the host gave it up before it was begun' }, units, host);
  if (result.kind === 'broken') return failed(result.error);
  if (result.kind === 'recalled') return { ok: true, generation, message: `assignment ${generation} is given up; nothing was changed` };
  return { ok: false, message: `assignment ${generation} was begun meanwhile`, remedy: 'look again: farrier-agent status' };
}

function look(host: Host): Progress | BreakGlassResult {
  const reader = new JournalReader(journalFolder(host.stateDir), host.journalFiles);
  if (reader.error !== null) return failed(reader.error);
  return openAssignment(reader.records) ?? { ok: false, message: 'no assignment is open on this host', remedy: 'nothing needs to be done' };
}

function failed({ message, remedy }: JournalError): BreakGlassResult {
  return { ok: false, message, remedy };
}
