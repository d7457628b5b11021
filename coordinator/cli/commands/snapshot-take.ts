import type { Command } from 'commander';

import type { CliContext } from '../context.ts';
import { followSnapshotWork } from '../follow-snapshot-work.ts';
import { printSnapshot } from '../print/print-snapshots.ts';

const EXAMPLE = `
It is sealed for the policy's recipients and for the host that could prove it, stays on its host, and a copy
comes to the coordinator. Nothing is disrupted by it.

Example:
  farrier snapshot take north
  farrier snapshot take north --node cp-2`;

export function snapshotTake(parent: Command, context: CliContext): void {
  parent
    .command('take')
    .description('take a snapshot of a cluster’s datastore now')
    .argument('<cluster>')
    .option('--node <name>', 'on this one; a healthy member that is not the leader otherwise')
    .addHelpText('after', EXAMPLE)
    .action(async (cluster: string, { node = '' }: { readonly node?: string }) => {
      const done = await followSnapshotWork(context, { work: 'SNAPSHOT_WORK_TAKE', cluster, node });
      context.show(done, () => printSnapshot(done));
    });
}
