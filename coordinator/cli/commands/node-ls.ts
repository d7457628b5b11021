import type { Command } from 'commander';

import type { CliContext } from '../context.ts';
import { printNodes } from '../print/print-nodes.ts';

const EXAMPLE = `
Example:
  farrier node ls
  farrier node ls --json | jq -r '.nodes[] | select(.session == "lost") | .name'`;

export function nodeLs(parent: Command, context: CliContext): void {
  parent
    .command('ls')
    .description('list the nodes, and whether they are available')
    .addHelpText('after', EXAMPLE)
    .action(async () => {
      const found = await context.withFleet(async (fleet) => await fleet.call('ListNodes', {}));
      context.show(found, () => printNodes(found.nodes, context.io.clock.wallUnixMs()));
    });
}
