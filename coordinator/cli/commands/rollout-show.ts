import type { Command } from 'commander';

import { CliError } from '../cli-error.ts';
import type { CliContext } from '../context.ts';
import { pickRollout } from '../pick-rollout.ts';
import { printRollout } from '../print/print-rollouts.ts';

const EXAMPLE = `
Example:
  farrier rollout show
  farrier rollout show containerd-1-7-4f9a02`;

export function rolloutShow(parent: Command, context: CliContext): void {
  parent
    .command('show')
    .description('a rollout as it is now, with every node')
    .argument('[rollout]', 'default: the only one that is under way')
    .addHelpText('after', EXAMPLE)
    .action(async (named: string | undefined) => {
      const { rollout } = await context.withFleet(async (fleet) => await fleet.call('GetRollout', { rollout: await pickRollout(fleet, named) }));
      if (rollout === null) throw new CliError('coordinator-failed', 'the coordinator answered without a rollout', 'upgrade this program to the coordinator’s version');
      context.show(rollout, () => printRollout(rollout));
    });
}
