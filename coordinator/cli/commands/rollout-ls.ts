import type { Command } from 'commander';

import type { CliContext } from '../context.ts';
import { printRollouts } from '../print/print-rollouts.ts';

const EXAMPLE = `
Example:
  farrier rollout ls`;

export function rolloutLs(parent: Command, context: CliContext): void {
  parent
    .command('ls')
    .description('list the rollouts, the newest last')
    .addHelpText('after', EXAMPLE)
    .action(async () => {
      const found = await context.withFleet(async (fleet) => await fleet.call('ListRollouts', {}));
      context.show(found, () => printRollouts(found.rollouts));
    });
}
