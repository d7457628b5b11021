import type { Command } from 'commander';

import type { CliContext } from '../context.ts';

const EXAMPLE = `
A name that was enrolled before waits for this, so that nobody takes a node's place with a token.
Until then the node of that name goes on; \`farrier node show\` names the machine that waits.

Example:
  farrier node approve edge-17
  farrier node approve edge-17 --reject`;

export function nodeApprove(parent: Command, context: CliContext): void {
  parent
    .command('approve')
    .description('let a host in whose name was enrolled before')
    .argument('<node>')
    .option('--reject', 'turn it away instead; the node of that name stays')
    .addHelpText('after', EXAMPLE)
    .action(async (node: string, { reject = false }: { readonly reject?: boolean }) => {
      await context.withFleet(async (fleet) => await fleet.call('ApproveNode', { node, reject }));
      context.show({ node, approved: !reject }, () => [
        reject ? `the host that waited as ${node} is turned away; the node of that name stays` : `${node} is approved; the certificates of the host before it are revoked`,
      ]);
    });
}
