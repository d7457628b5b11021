// The packaged coordinator but for one thing: its proof of datastores is a fake, which says of every cluster that it was
// proved just now. Nothing is ever snapshotted. Put in the packaged program's place by run-proved-coordinator.ts.
import { Command } from 'commander';

import { noDrain } from '../../../coordinator/adapters/no-drain.ts';
import { pinoLogger } from '../../../coordinator/adapters/pino-logger.ts';
import { runCommand } from '../../../coordinator/commands/run.ts';
import type { DatastoreProof } from '../../../coordinator/ports/datastore-proof.ts';
import { systemClock } from '../../../shared/ports/system-clock.ts';
import { MemoryDatastoreProof } from '../../support/memory-datastore-proof.ts';

const logger = pinoLogger('info');
const memory = new MemoryDatastoreProof(systemClock);
const fake: DatastoreProof = {
  obstacle: async () => '',
  prove: async (cluster, signal) => await memory.prove(cluster, signal),
  newest: async (cluster) => {
    logger.warn('FAKE: this datastore is said to be proved just now, and no snapshot was taken', { cluster });
    const made = await memory.prove(cluster, AbortSignal.timeout(1_000));
    return made.ok ? made.snapshot : null;
  },
};

logger.warn('FAKE: this coordinator proves no datastore and says that it did; for tests only');
const program = new Command('farrier-coordinator');
runCommand(program, { proof: fake, drain: noDrain });
await program.parseAsync();
