import type { Command } from 'commander';

import type { CliContext } from '../context.ts';

const EXAMPLE = `
Refused while a rollout that is not over names it. Hosts keep what they fetched.

Example:
  farrier artifact remove 3f5e0c...`;

export function artifactRemove(parent: Command, context: CliContext): void {
  parent
    .command('remove')
    .description('delete a file from the coordinator')
    .argument('<sha256>')
    .addHelpText('after', EXAMPLE)
    .action(async (sha256: string) => {
      await context.withFleet(async (fleet) => await fleet.call('RemoveArtifact', { sha256 }));
      context.show({ sha256, removed: true }, () => [`${sha256} is removed`]);
    });
}
