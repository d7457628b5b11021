import type { Command } from 'commander';

import type { CliContext } from '../context.ts';
import { printOperators } from '../print/print-access.ts';

const EXAMPLE = `
Example:
  farrier operator ls`;

export function operatorLs(parent: Command, context: CliContext): void {
  parent
    .command('ls')
    .description('list who may operate the fleet')
    .addHelpText('after', EXAMPLE)
    .action(async () => {
      const found = await context.withFleet(async (fleet) => await fleet.call('ListOperators', {}));
      context.show(found, () => printOperators(found.operators));
    });
}
