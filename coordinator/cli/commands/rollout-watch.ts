import type { Command } from 'commander';

import type { CliContext } from '../context.ts';
import { pickRollout } from '../pick-rollout.ts';
import { watchRollout } from '../watch-rollout.ts';

const EXAMPLE = `
In a terminal it is a live board, else one line a change, with --json one JSON a change. A coordinator
that starts again is waited for. It ends when the rollout is over: 0 completed, 4 otherwise.

Example:
  farrier rollout watch
  farrier rollout watch containerd-1-7-4f9a02 --until-paused`;

export function rolloutWatch(parent: Command, context: CliContext): void {
  parent
    .command('watch')
    .description('show a rollout as it goes, until it is over')
    .argument('[rollout]', 'default: the only one that is under way')
    .option('--until-paused', 'end with exit code 5 as soon as it is paused or held')
    .addHelpText('after', EXAMPLE)
    .action(async (named: string | undefined, { untilPaused = false }: { readonly untilPaused?: boolean }) => {
      await context.withFleet(async (fleet) => {
        const id = await pickRollout(fleet, named);
        context.exitCode = await watchRollout(fleet, id, { json: context.json, untilPaused }, context.io);
      });
    });
}
