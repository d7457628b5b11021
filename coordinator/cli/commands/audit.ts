import { type Command, InvalidArgumentError } from 'commander';

import { CliError } from '../cli-error.ts';
import type { CliContext } from '../context.ts';
import { plainText } from '../print/plain-text.ts';
import { printAudit } from '../print/print-audit.ts';

const EXAMPLE = `
Each entry carries a hash over itself and the one before; a broken chain is exit code 1.

Example:
  farrier audit --last 100`;

export function audit(program: Command, context: CliContext): void {
  program
    .command('audit')
    .description('who did what to what, and how it ended')
    .option('--last <number>', 'so many entries', readLast, 50)
    .addHelpText('after', EXAMPLE)
    .action(async ({ last }: { readonly last: number }) => {
      const found = await context.withFleet(async (fleet) => await fleet.call('ListAudit', { last }));
      context.show(found, () => printAudit(found));
      if (found.broken !== '') throw new CliError('coordinator-failed', `the audit log was tampered with or damaged: ${plainText(found.broken)}`, 'compare it with a backup before you trust any entry after that');
    });
}

function readLast(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('It has to be a whole number from 1 on.');
  return Number(text);
}
