import type { Outcome } from '../../shared/domain/journal-record.ts';
import { type Force, type NextAction, nextAction } from '../core/resume.ts';
import { appendRecord } from './append-record.ts';
import { isStopped, type StepEnd } from './guarded.ts';
import { revertStep, rollBackStep, runStep } from './run-step.ts';
import { stageSteps } from './stage-steps.ts';
import { stepsOfNoReturn, stepsThatReboot } from './step-of.ts';
import { whenHeld } from './when-held.ts';
import type { RunnerParts, Work } from './work.ts';

export interface RunOptions {
  /** stage: only what disrupts nothing. activate: everything that the journal and the permit allow. */
  readonly until: 'staged' | 'over';
  readonly permitHolds: () => boolean;
  readonly force: Force | null;
}

/** Between two attempts of the same step, so that what passes by itself can pass. */
const RETRY_WAIT_MS = 2_000;

/**
 * Does what the journal says is next, until the assignment is over, waits for a permit, needs a person or is told to stop.
 * The journal is read anew before every action and nothing else is remembered: killed at any instant and called again, it goes on.
 *
 * @returns what would be next.
 */
export async function runSequence(work: Work, parts: RunnerParts, options: RunOptions): Promise<NextAction> {
  let { force } = options;
  let trouble: StepEnd = { ok: true };
  for (;;) {
    const action = next(work, parts, options, force);
    if (parts.stop.aborted || (options.until === 'staged' && action.kind !== 'stage')) return action;
    parts.logger.info('next action', { ...action, generation: work.generation });
    switch (action.kind) {
      case 'stage':
        await stageSteps(work, parts);
        if (parts.stop.aborted) return action;
        break;
      case 'run':
        if (action.attempt > 1) await pause(parts);
        if (parts.stop.aborted) return action;
        await armWatchdog(work, parts);
        trouble = await (work.action === 'rollback' ? rollBackStep(work, action, parts) : runStep(work, action, parts));
        break;
      case 'revert':
        if (action.attempt > 1) await pause(parts);
        if (parts.stop.aborted) return action;
        trouble = await revertStep(work, action, parts);
        if (!trouble.ok && !isStopped(trouble) && trouble.outcome.code === 'past-no-return') await hold(work, parts, trouble.outcome);
        break;
      case 'close':
        // Disarmed before the slot can be given back: nothing may change this host once it counts as healthy.
        await parts.watchdog.disarm(work.generation);
        // Before the last record as well: nothing ever comes back to an assignment that is over.
        await parts.files.release(work.generation);
        await parts.files.dropFetched(work.generation);
        appendRecord(work, parts, { kind: action.record, outcome: action.outcome });
        break;
      case 'needs-a-person':
        if (action.journaled) return action;
        await hold(work, parts, withTrouble(action.outcome, trouble));
        break;
      case 'idle':
      case 'await-permit':
      case 'over':
        return action;
    }
    // It chose the direction; from its first record on the journal says the same.
    force = null;
  }
}

function next(work: Work, parts: RunnerParts, options: RunOptions, force: Force | null): NextAction {
  return nextAction(parts.journal.records, work.generation, {
    stepCount: work.steps.length,
    action: work.action,
    permitHolds: options.permitHolds(),
    bootId: parts.bootId,
    noReturn: stepsOfNoReturn(work, parts),
    reboots: stepsThatReboot(work, parts),
    force,
  });
}

/** The slot stays taken; nothing more is done to this host until a person says which way. */
async function hold(work: Work, parts: RunnerParts, outcome: Outcome): Promise<void> {
  await parts.watchdog.disarm(work.generation);
  await whenHeld(work, parts);
  appendRecord(work, parts, { kind: 'refused', outcome });
}

async function armWatchdog(work: Work, parts: RunnerParts): Promise<void> {
  if (work.onSilence === 'revert' && work.action === 'sequence') await parts.watchdog.arm(work.generation, work.silenceMs);
}

async function pause(parts: RunnerParts): Promise<void> {
  await parts.clock.sleep(RETRY_WAIT_MS, parts.stop).catch(() => undefined);
}

/** The journal says that it went wrong, the last attempt knows how. */
function withTrouble(outcome: Outcome, trouble: StepEnd): Outcome {
  if (trouble.ok || isStopped(trouble)) return outcome;
  const { message, object } = trouble.outcome;
  return { ...outcome, message: `${message}; ${outcome.message}`, object: object || outcome.object };
}
