import { CliError } from './cli-error.ts';
import type { FleetConnection } from './connection/fleet-connection.ts';
import { isOver } from './rollout-status.ts';

/** The rollout that was named, or the only one that is not over. Never guesses between two. */
export async function pickRollout(fleet: FleetConnection, named: string | undefined): Promise<string> {
  if (named !== undefined) return named;
  const { rollouts } = await fleet.call('ListRollouts', {});
  const [first, ...more] = rollouts.filter(({ status }) => !isOver(status));
  if (first === undefined) throw new CliError('not-found', 'no rollout is under way', 'farrier rollout ls shows those that are over; name one');
  if (more.length > 0) throw new CliError('usage', `several rollouts are under way: ${[first, ...more].map(({ id }) => id).join(', ')}`, 'name one of them');
  return first.id;
}
