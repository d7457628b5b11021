import type { Command } from 'commander';

import type { CliContext } from '../context.ts';
import { printRecovery } from '../print/print-recovery.ts';

const EXAMPLE = `
Example:
  farrier snapshot report
  farrier snapshot report north
  farrier snapshot report --json | jq -e '[.clusters[].alerts[]] == []'`;

export function snapshotReport(parent: Command, context: CliContext): void {
  parent
    .command('report')
    .description('where each cluster stands: RPO, RTO, proofs and copies against the policy')
    .argument('[cluster]', 'of this one; all of them otherwise')
    .addHelpText('after', EXAMPLE)
    .action(async (cluster?: string) => {
      const found = await context.withFleet(async (fleet) => await fleet.call('ReportSnapshots', cluster === undefined ? {} : { cluster }));
      context.show(found, () => printRecovery(found, context.io.clock.wallUnixMs()));
    });
}
