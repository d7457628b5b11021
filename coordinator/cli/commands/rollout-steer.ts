import type { Command } from 'commander';

import { CliError } from '../cli-error.ts';
import type { CliContext } from '../context.ts';
import { pickRollout } from '../pick-rollout.ts';
import { plainText } from '../print/plain-text.ts';
import { reasonText } from '../print/print-rollouts.ts';

interface Steering {
  readonly verb: 'pause' | 'resume' | 'abort' | 'rollback';
  readonly description: string;
  readonly help: string;
}

const STEERINGS = { pause: 'STEERING_PAUSE', resume: 'STEERING_RESUME', abort: 'STEERING_ABORT', rollback: 'STEERING_ROLLBACK' } as const;

export const rolloutSteer = (
  [
    { verb: 'pause', description: 'grant no further slot; nodes that have begun finish', help: "--why 'customer demo until noon'" },
    { verb: 'resume', description: 'go on where it was paused or held', help: '' },
    { verb: 'abort', description: 'end it where it is; nodes that have begun finish', help: "--why 'wrong version'" },
    { verb: 'rollback', description: 'bring its nodes back to what they ran before, as a rollout of its own', help: "--why 'latency doubled'" },
  ] as const satisfies readonly Steering[]
).map((steering) => (parent: Command, context: CliContext) => addSteering(parent, context, steering));

function addSteering(parent: Command, context: CliContext, { verb, description, help }: Steering): void {
  parent
    .command(verb)
    .description(description)
    .argument('[rollout]', 'default: the only one that is under way')
    .option('--why <text>', 'for the audit log and for whoever watches', '')
    .addHelpText('after', `\nExample:\n  farrier rollout ${verb} containerd-1-7-4f9a02 ${help}`.trimEnd())
    .action(async (named: string | undefined, { why }: { readonly why: string }) => {
      const steered = await context.withFleet(async (fleet) => await fleet.call('SteerRollout', { rollout: await pickRollout(fleet, named), steering: STEERINGS[verb], why }));
      const { rollout, rollback } = steered;
      if (rollout === null) throw new CliError('coordinator-failed', 'the coordinator answered without a rollout', 'upgrade this program to the coordinator’s version');
      context.show(steered, () => [
        plainText(`${rollout.id} is ${rollout.status}${rollout.outstanding > 0 ? ` (${rollout.outstanding} outstanding)` : ''}`),
        ...(rollout.reason === '' ? [] : [`  ${reasonText(rollout.reason, rollout.detail)}`]),
        ...(rollback === '' ? [] : [plainText(`  watch it: farrier rollout watch ${rollback}`)]),
      ]);
    });
}
