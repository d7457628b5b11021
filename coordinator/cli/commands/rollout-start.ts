import type { Command } from 'commander';

import type { CliContext } from '../context.ts';
import { readInputFile } from '../read-input-file.ts';
import { acceptDiagnostics, tooLarge } from '../accept-diagnostics.ts';
import { watchRollout } from '../watch-rollout.ts';

const EXAMPLE = `
Example:
  farrier rollout start containerd.yaml --watch
  farrier rollout start containerd.yaml --until-paused`;

export function rolloutStart(parent: Command, context: CliContext): void {
  parent
    .command('start')
    .description('freeze a plan against the fleet as it is and begin')
    .argument('<file>', 'YAML, or - for standard input')
    .option('--watch', 'stay and show it until it is over')
    .option('--until-paused', 'as --watch, and end with exit code 5 as soon as it is paused or held')
    .addHelpText('after', EXAMPLE)
    .action(async (path: string, { watch = false, untilPaused = false }: { readonly watch?: boolean; readonly untilPaused?: boolean }) => {
      const input = await readInputFile(path, context.io);
      if (!acceptDiagnostics(context, tooLarge(input, 'plan'))) return;
      await context.withFleet(async (fleet) => {
        const started = await fleet.call('StartRollout', input);
        if (!acceptDiagnostics(context, started.diagnostics)) return;
        if (!watch && !untilPaused) {
          context.show(started, () => [`rollout ${started.rollout} started`, `  watch it: farrier rollout watch ${started.rollout}`]);
          return;
        }
        context.exitCode = await watchRollout(fleet, started.rollout, { json: context.json, untilPaused }, context.io);
      });
    });
}
