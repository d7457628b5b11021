import type { Command } from 'commander';

import { DEFAULT_POLICY } from '../../../shared/domain/policy.ts';
import type { CliContext } from '../context.ts';
import { versionLine, withoutVersion } from '../policy-version.ts';
import { policyYaml } from '../print/print-policy.ts';

const EXAMPLE = `
Example:
  farrier policy get > policy.yaml`;

export function policyGet(parent: Command, context: CliContext): void {
  parent
    .command('get')
    .description('print the policy as it was put, or the built-in one')
    .addHelpText('after', EXAMPLE)
    .action(async () => {
      const { yaml, version } = await context.withFleet(async (fleet) => await fleet.call('GetPolicy', {}));
      const shown = version === 0 ? policyYaml(DEFAULT_POLICY) : withoutVersion(yaml);
      context.show({ version, yaml: shown }, () => [versionLine(version), ...shown.trimEnd().split('\n')]);
    });
}
