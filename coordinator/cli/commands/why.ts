import type { Command } from 'commander';

import type { CliContext } from '../context.ts';
import { printExplanations } from '../print/print-explanations.ts';

const EXAMPLE = `
Example:
  farrier why edge-17`;

export function why(program: Command, context: CliContext): void {
  program
    .command('why')
    .description('why a node is where it is: the reason, what blocks, who can unblock it, what happens next')
    .argument('<node>')
    .addHelpText('after', EXAMPLE)
    .action(async (node: string) => {
      const { explanations } = await context.withFleet(async (fleet) => await fleet.call('ExplainNode', { node }));
      context.show({ explanations }, () => printExplanations(node, explanations, context.io.clock.wallUnixMs()));
    });
}
