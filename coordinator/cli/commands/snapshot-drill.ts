import type { Command } from 'commander';

import type { CliContext } from '../context.ts';
import { followSnapshotWork } from '../follow-snapshot-work.ts';
import { printDrill } from '../print/print-recovery.ts';

const EXAMPLE = `
The newest copy that lies off its hosts is fetched by a host that can open it, restored, started and compared.
What that took is kept: how long a restore takes (RTO), and how much would have been lost (RPO). The policy's
drillEvery has it done by itself.

Example:
  farrier snapshot drill north`;

export function snapshotDrill(parent: Command, context: CliContext): void {
  parent
    .command('drill')
    .description('measure what the loss of a cluster’s datastore would cost')
    .argument('<cluster>')
    .addHelpText('after', EXAMPLE)
    .action(async (cluster: string) => {
      const done = await followSnapshotWork(context, { work: 'SNAPSHOT_WORK_DRILL', cluster });
      context.show(done, () => (done.drill === null ? [] : printDrill(done.drill)));
    });
}
