import type { Command } from 'commander';

import { parsePlan } from '../../../shared/plan/parse-plan.ts';
import type { CliContext } from '../context.ts';
import { printPlan, printRefusedPlan, printSteps } from '../print/print-plan.ts';
import { readInputFile } from '../read-input-file.ts';
import type { InputFile } from '../read-input-file.ts';
import { acceptDiagnostics, tooLarge } from '../accept-diagnostics.ts';
import { COMPOSED_STEPS, PROCEDURES_EXAMPLE, STEPS_EXAMPLE } from './plan-examples.ts';

const EXAMPLE = `
The file:
  apiVersion: farrier/v1
  kind: Plan
  metadata: { name: containerd-1-7 }
  spec:
    select: { labels: { role: worker } }
    waves:
      - { name: canary, select: { labels: { canary: "yes" } }, most: 1, soak: 10m }
      - { name: rest }
    maxUnavailable: 2      # or 40%
    maxFailures: 0
    onFailure: pause       # or rollback
    onSilence: keep        # or revert, with silence: 10m
    minDonePercent: 90
    drain: auto            # or always, never; with drainTimeout: 10m
    allowControlPlaneOutage: false    # true for a cluster that cannot lose a member
    steps:                 # in this order; of these:${STEPS_EXAMPLE}
In place of steps, a procedure composes those of each node by its facts, and ${COMPOSED_STEPS.join(' and ')} among them. One of:
    procedure:${PROCEDURES_EXAMPLE}

Example:
  farrier plan check containerd.yaml
  farrier plan check --offline containerd.yaml`;

export function planCheck(parent: Command, context: CliContext): void {
  parent
    .command('check')
    .description('show every mistake of a plan, and what it would do; changes nothing')
    .argument('<file>', 'YAML, or - for standard input')
    .option('--offline', 'only read the file; do not ask the coordinator about the fleet')
    .addHelpText('after', EXAMPLE)
    .action(async (path: string, { offline = false }: { readonly offline?: boolean }) => {
      const input = await readInputFile(path, context.io);
      if (offline) {
        checkOffline(context, input);
        return;
      }
      if (!acceptDiagnostics(context, tooLarge(input, 'plan'))) return;
      const checked = await context.withFleet(async (fleet) => await fleet.call('CheckPlan', input));
      if (acceptDiagnostics(context, checked.diagnostics, { message: checked, lines: printRefusedPlan(checked) })) context.show(checked, () => printPlan(checked));
    });
}

function checkOffline(context: CliContext, { yaml, file }: InputFile): void {
  const parsed = parsePlan(yaml, file);
  if (!acceptDiagnostics(context, parsed.ok ? parsed.warnings : parsed.diagnostics) || !parsed.ok) return;
  const { plan, warnings } = parsed;
  const steps = plan.steps.map(({ name }) => name);
  const what = plan.procedure === null ? printSteps(steps) : [`  ${plan.procedure.kind} composes the steps of each node by its facts: check it without --offline`];
  context.show({ diagnostics: warnings, steps }, () => ['the file has no mistakes; the fleet was not looked at', ...what]);
}
