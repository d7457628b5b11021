import type { Generation } from '../../shared/domain/ids.ts';
import type { JournalRecord } from '../../shared/domain/journal-record.ts';
import type { Logger } from '../../shared/ports/logger.ts';
import { agentDuty } from '../core/agent-duty.ts';
import type { WorkMode, WorkUnits } from '../ports/work-units.ts';

/** Starts the work unit that the journal calls for, where none runs. What waits for a permit or a person waits. */
export async function driveWork(records: readonly JournalRecord[], units: WorkUnits, logger: Logger): Promise<void> {
  // systemd is asked only where there is work: an idle host starts no program every few seconds.
  const duty = agentDuty(records, null);
  if (duty.kind !== 'start-work' || (await units.running()) !== null) return;
  await startWork(duty.generation, duty.mode, units, logger);
}

export async function startWork(generation: Generation, mode: WorkMode, units: WorkUnits, logger: Logger): Promise<void> {
  const said = await units.start(generation, mode);
  if (said === '') logger.info('work unit started', { generation, mode });
  else logger.error('systemd did not start the work unit', { generation, mode, said });
}
