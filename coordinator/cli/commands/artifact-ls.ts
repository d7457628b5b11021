import type { Command } from 'commander';

import type { CliContext } from '../context.ts';
import { printArtifacts } from '../print/print-artifacts.ts';

const EXAMPLE = `
Example:
  farrier artifact ls`;

export function artifactLs(parent: Command, context: CliContext): void {
  parent
    .command('ls')
    .description('list the files that the coordinator has for hosts')
    .addHelpText('after', EXAMPLE)
    .action(async () => {
      const found = await context.withFleet(async (fleet) => await fleet.call('ListArtifacts', {}));
      context.show(found, () => printArtifacts(found.artifacts, context.io.clock.wallUnixMs()));
    });
}
