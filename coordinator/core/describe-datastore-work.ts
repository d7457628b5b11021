import type { World } from './world.ts';

/** What is done about a cluster's proof now, and why the last one failed; '' where nobody has begun. */
export function describeDatastoreWork(world: Pick<World, 'datastoreWork'>, cluster: string): string {
  const work = world.datastoreWork?.get(cluster);
  if (work === undefined) return '';
  const now = work.doing === null ? '' : `${work.doing} (since ${timeOf(work.sinceUnixMs)})`;
  const last = work.lastFailure === null ? '' : `the last one failed at ${timeOf(work.lastFailure.atUnixMs)}: ${work.lastFailure.message}`;
  return [now, last].filter((text) => text !== '').join('; ');
}

function timeOf(unixMs: number): string {
  return `${new Date(unixMs).toISOString().slice(0, 'YYYY-MM-DDThh:mm:ss'.length).replace('T', ' ')} UTC`;
}
