import type { Host } from './host.ts';

/** Everything that containerd keeps for Kubernetes, by name: what a proof compares before and after. */
export async function runtimeState(host: Host): Promise<string> {
  const lists = [['images', 'ls'], ['containers', 'ls', '--quiet'], ['tasks', 'ls', '--quiet'], ['snapshots', 'ls'], ['content', 'ls', '--quiet'], ['leases', 'ls', '--quiet']];
  const shown = await Promise.all(lists.map(async (words) => `${words[0]}:\n${await host.mustExec(['ctr', '--namespace', 'k8s.io', ...words])}`));
  return shown.join('');
}

/** Ends what a `ctr` that was killed holds, as containerd does after a day. @returns how many */
export async function endLeases(host: Host): Promise<number> {
  const leases = (await host.mustExec(['ctr', '--namespace', 'k8s.io', 'leases', 'ls', '--quiet'])).split('\n').filter((id) => id !== '');
  for (const id of leases) await host.mustExec(['ctr', '--namespace', 'k8s.io', 'leases', 'delete', '--sync', id]);
  return leases.length;
}
