import type { Command } from 'commander';

import type { CliContext } from '../context.ts';

const EXAMPLE = `
A lost operator file works no more from then on; a new one needs \`farrier operator create\`.

Example:
  farrier operator remove ann --why 'lost her laptop'`;

export function operatorRemove(parent: Command, context: CliContext): void {
  parent
    .command('remove')
    .description('take a person’s right to operate the fleet away')
    .argument('<name>')
    .requiredOption('--why <text>', 'for the audit log')
    .addHelpText('after', EXAMPLE)
    .action(async (name: string, { why }: { readonly why: string }) => {
      await context.withFleet(async (fleet) => await fleet.call('RemoveOperator', { name, why }));
      context.show({ name, removed: true }, () => [`operator ${name} is removed; the operator file is refused from now on`]);
    });
}
