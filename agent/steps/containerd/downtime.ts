import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { writeDurably } from '../../../shared/files/write-durably.ts';
import { CONTAINERD_UNIT } from '../../../shared/domain/steps/containerd-spec.ts';
import type { UnitLook } from '../../ports/units.ts';
import { STEP_OK, type StepContext, type StepResult } from '../step.ts';
import type { ContainerdProofParts } from './prove-containerd.ts';

/** Seldom: on a small host whatever asks keeps CRI from coming up. */
const ASK_EVERY_MS = 250;
/** Past this, or past that part of the step's time, it is the proof's to say that it does not answer. */
const WATCHED_MAX_MS = 30_000;
const PART_OF_TIME = 4;

/** Waits until CRI answers again. @param beganMs before the restart, on the monotonic clock. @returns how long it was away, as a note */
export async function noteDowntime({ units, clock, criAt }: ContainerdProofParts, endpoint: string, { beganMs, timeoutMs }: { readonly beganMs: number; readonly timeoutMs: number }, { output, signal }: StepContext): Promise<StepResult> {
  const untilMs = beganMs + Math.min(WATCHED_MAX_MS, timeoutMs / PART_OF_TIME);
  while (clock.monotonicMs() < untilMs) {
    const look = await criAt(endpoint).look(signal);
    if (!look.reached || !look.ready) {
      await clock.sleep(ASK_EVERY_MS, signal);
      continue;
    }
    const atMostMs = Math.round(clock.monotonicMs() - beganMs);
    const down = (await units.look(CONTAINERD_UNIT, signal))?.awayMs;
    const note = `${down === undefined ? '' : `containerd was down for ${down} ms, `}CRI did not answer for at most ${atMostMs} ms`;
    output(`${note}\n`);
    return { ok: true, note };
  }
  return STEP_OK;
}

/** The process that ran when the guard stood before what may restart it: a later step tells from it whether anything did. */
export async function rememberGuarded({ startedMs }: UnitLook, { folder }: StepContext): Promise<void> {
  await writeDurably(join(folder, GUARDED), String(startedMs));
}

/** @param unit as it was when this step began. @returns how long it was down, as a note, where another step restarted it since the guard */
export async function noteRestartSinceGuard({ startedMs, awayMs }: UnitLook, { earlier }: StepContext): Promise<StepResult> {
  const guard = earlier.findLast(({ spec }) => spec.kind === 'containerd' && spec.action === 'guard');
  const guarded = guard === undefined ? null : await readFile(join(guard.folder, GUARDED), 'utf8').catch(() => null);
  if (guarded === null || guarded === String(startedMs) || awayMs === undefined) return STEP_OK;
  return { ok: true, note: `containerd was down for ${awayMs} ms while what it runs was changed` };
}

const GUARDED = 'guarded';
