import type { ServiceError } from '@grpc/grpc-js';

import type { RunSnapshotWorkRequest, SnapshotWorkDone__Output } from '../../shared/wire/messages.ts';
import { CliError } from './cli-error.ts';
import type { CliContext } from './context.ts';
import { openProgress } from './progress.ts';

/** What was done before it failed stays: a snapshot that could not be proved is one all the same. A remedy that the coordinator names stands last. */
function explained(error: Error): Error {
  if (!(error instanceof CliError) || error.code !== 'refused') return error;
  const [, cause = error.message, remedy = 'what there is: farrier snapshot ls'] = /^(.*); (.*\bfarrier [a-z].*)$/s.exec(error.message) ?? [];
  return new CliError('refused', cause, remedy);
}

/** Has it done and shows how far it is; whoever interrupts this ends the showing, not the work. @throws CliError with cause and remedy */
export async function followSnapshotWork(context: CliContext, work: RunSnapshotWorkRequest): Promise<SnapshotWorkDone__Output> {
  const { io } = context;
  const progress = openProgress(context);
  try {
    return await context.withFleet(async (fleet) => {
      try {
        for await (const { doing, done } of fleet.run(work, io.signal)) {
          if (done) return done;
          if (doing) progress.show(doing);
        }
      } catch (error) {
        if (!io.signal.aborted) throw explained(fleet.explain(error as ServiceError));
      }
      if (io.signal.aborted) throw new CliError('interrupted', 'no longer watching; it goes on', 'farrier snapshot ls');
      throw new CliError('not-reachable', 'the coordinator ended before this was done', 'see what became of it: farrier snapshot ls; then run this again');
    });
  } finally {
    progress.end();
  }
}
