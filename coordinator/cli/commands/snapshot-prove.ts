import type { Command } from 'commander';

import type { CliContext } from '../context.ts';
import { followSnapshotWork } from '../follow-snapshot-work.ts';
import { printSnapshot } from '../print/print-snapshots.ts';

const EXAMPLE = `
A snapshot is taken, brought to the coordinator, restored on another host by etcd's own programs where nobody
else gets in, and compared. Without it no control plane is upgraded; a rollout that needs one makes it by itself.

Example:
  farrier snapshot prove north
  farrier snapshot prove north --snapshot 20261122-015342-9f3c1a2b`;

export function snapshotProve(parent: Command, context: CliContext): void {
  parent
    .command('prove')
    .description('prove that a cluster’s datastore can be brought back')
    .argument('<cluster>')
    .option('--snapshot <id>', 'this one, of which a copy lies on the coordinator; a new one otherwise')
    .addHelpText('after', EXAMPLE)
    .action(async (cluster: string, { snapshot = '' }: { readonly snapshot?: string }) => {
      const done = await followSnapshotWork(context, { work: 'SNAPSHOT_WORK_PROVE', cluster, snapshot });
      context.show(done, () => printSnapshot(done));
    });
}
