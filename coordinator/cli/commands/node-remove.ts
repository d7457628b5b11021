import type { Command } from 'commander';

import type { CliContext } from '../context.ts';

const EXAMPLE = `
Its certificate is revoked; to come back the host has to enroll again.

Example:
  farrier node remove edge-17 --why 'site closed'`;

export function nodeRemove(parent: Command, context: CliContext): void {
  parent
    .command('remove')
    .description('take a node out of the fleet for good')
    .argument('<node>')
    .requiredOption('--why <text>', 'for the audit log')
    .addHelpText('after', EXAMPLE)
    .action(async (node: string, { why }: { readonly why: string }) => {
      await context.withFleet(async (fleet) => await fleet.call('RemoveNode', { node, why }));
      context.show({ node, removed: true }, () => [`${node} is removed; on the host: apt-get purge farrier-agent`]);
    });
}
