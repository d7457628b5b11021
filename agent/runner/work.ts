import type { Digest, Epoch, Generation, NodeName, RolloutId } from '../../shared/domain/ids.ts';
import type { StepSpec } from '../../shared/domain/step-spec.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Logger } from '../../shared/ports/logger.ts';
import type { Progress } from '../core/progress.ts';
import type { Journal } from '../ports/journal.ts';
import type { StepFiles } from '../ports/step-files.ts';
import type { Watchdog } from '../ports/watchdog.ts';
import type { Executors } from '../steps/step.ts';

/** One assignment, verified, as the runner works on it. */
export interface Work {
  readonly rollout: RolloutId;
  readonly generation: Generation;
  /** Of the permit where there is one, else of the assignment. */
  readonly epoch: Epoch;
  readonly digest: Digest;
  readonly action: 'sequence' | 'rollback';
  /** Of this assignment, or of the one that is rolled back. */
  readonly steps: readonly StepSpec[];
  /** The assignment that is rolled back; null for a sequence, and where this host knows nothing of it. */
  readonly home: Progress | null;
  readonly onSilence: 'keep' | 'revert';
  readonly silenceMs: number;
}

export interface RunnerParts {
  readonly journal: Journal;
  readonly executors: Executors;
  readonly files: StepFiles;
  readonly watchdog: Watchdog;
  /** Makes durable what steps changed: maintainer scripts and systemctl sync nothing. */
  readonly settle: (signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly bootId: string;
  readonly node: NodeName;
  /** Staging ends at once; a step that changes the host is finished first. */
  readonly stop: AbortSignal;
}
