import type { Command } from 'commander';

import type { CliContext } from '../context.ts';
import { versionOf } from '../policy-version.ts';
import { readInputFile } from '../read-input-file.ts';
import { acceptDiagnostics, tooLarge } from '../accept-diagnostics.ts';

const EXAMPLE = `
The file, with what it is where a line is left out:
  apiVersion: farrier/v1
  kind: FleetPolicy
  spec:
    maxUnavailable: { fleet: 1, perCluster: 100%, perZone: 100% }
    lostAfter: 45s         # a silent node counts as unavailable
    deferAfter: 1h         # a node lost for longer before its turn catches up later
    permitValidFor: 60s
    clockLimit: 2m
A first line \`# version N\`, as \`farrier policy get\` prints it, refuses to replace any other version.

Example:
  farrier policy get > policy.yaml    # change it, then
  farrier policy set policy.yaml`;

export function policySet(parent: Command, context: CliContext): void {
  parent
    .command('set')
    .description('put the policy; every mistake in the file is shown at once')
    .argument('<file>', 'YAML, or - for standard input')
    .addHelpText('after', EXAMPLE)
    .action(async (path: string) => {
      const input = await readInputFile(path, context.io);
      if (!acceptDiagnostics(context, tooLarge(input, 'policy'))) return;
      const put = await context.withFleet(async (fleet) => {
        const expectedVersion = versionOf(input.yaml) ?? (await fleet.call('GetPolicy', {})).version;
        return await fleet.call('PutPolicy', { ...input, expectedVersion });
      });
      if (!acceptDiagnostics(context, put.diagnostics)) return;
      context.show(put, () => [`the policy is now at version ${put.version}; running rollouts follow it from here on`]);
    });
}
