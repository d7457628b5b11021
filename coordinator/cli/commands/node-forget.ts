import type { Command } from 'commander';

import type { CliContext } from '../context.ts';
import { plainText } from '../print/plain-text.ts';

const EXAMPLE = `
A slot is never freed by time: its host may be in the middle of an upgrade. Only somebody who knows
that the host is gone, or what became of it, can free the slot.

Example:
  farrier node forget edge-17 --why 'board burnt, replaced by edge-18'`;

export function nodeForget(parent: Command, context: CliContext): void {
  parent
    .command('forget')
    .description('free the slot of a node that will not report any more')
    .argument('<node>')
    .requiredOption('--why <text>', 'for the audit log')
    .addHelpText('after', EXAMPLE)
    .action(async (node: string, { why }: { readonly why: string }) => {
      const forgotten = await context.withFleet(async (fleet) => await fleet.call('ForgetNode', { node, why }));
      const { slotsReturned } = forgotten;
      context.show(forgotten, () => (slotsReturned.length === 0 ? [plainText(`${node} holds no slot; nothing was changed`)] : slotsReturned.map((slot) => plainText(`slot of ${node} returned: ${slot}`))));
    });
}
