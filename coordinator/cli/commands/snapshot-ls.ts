import type { Command } from 'commander';

import type { CliContext } from '../context.ts';
import { printSnapshots } from '../print/print-snapshots.ts';

const EXAMPLE = `
Example:
  farrier snapshot ls
  farrier snapshot ls north --json | jq -r '.snapshots[] | select(.snapshot.proof != null) | .snapshot.id'`;

export function snapshotLs(parent: Command, context: CliContext): void {
  parent
    .command('ls')
    .description('list the snapshots that hosts and the coordinator have')
    .argument('[cluster]', 'of this one; all of them otherwise')
    .addHelpText('after', EXAMPLE)
    .action(async (cluster?: string) => {
      const found = await context.withFleet(async (fleet) => await fleet.call('ListSnapshots', cluster === undefined ? {} : { cluster }));
      context.show(found, () => printSnapshots(found.snapshots, context.io.clock.wallUnixMs()));
    });
}
