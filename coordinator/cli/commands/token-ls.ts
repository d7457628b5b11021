import type { Command } from 'commander';

import type { CliContext } from '../context.ts';
import { printTokens } from '../print/print-access.ts';

const EXAMPLE = `
Example:
  farrier token ls`;

export function tokenLs(parent: Command, context: CliContext): void {
  parent
    .command('ls')
    .description('list the tokens that were made, without their secrets')
    .addHelpText('after', EXAMPLE)
    .action(async () => {
      const found = await context.withFleet(async (fleet) => await fleet.call('ListTokens', {}));
      context.show(found, () => printTokens(found.tokens, context.io.clock.wallUnixMs()));
    });
}
