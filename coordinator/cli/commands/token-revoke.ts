import type { Command } from 'commander';

import type { CliContext } from '../context.ts';

const EXAMPLE = `
Hosts that enrolled with it stay; \`farrier node remove\` takes one out.

Example:
  farrier token revoke 4f9a02c1d2e3 --why 'mailed to the wrong list'`;

export function tokenRevoke(parent: Command, context: CliContext): void {
  parent
    .command('revoke')
    .description('let no further host enroll with a token')
    .argument('<id>', 'what stands before its dot')
    .option('--why <text>', 'for the audit log', '')
    .addHelpText('after', EXAMPLE)
    .action(async (id: string, { why }: { readonly why: string }) => {
      await context.withFleet(async (fleet) => await fleet.call('RevokeToken', { id, why }));
      context.show({ id, revoked: true }, () => [`token ${id} is revoked`]);
    });
}
