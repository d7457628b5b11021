import type { JournalRecord } from '../../../shared/domain/journal-record.ts';
import { type DownInterval, greatestAtOnce } from '../../fleet/down-intervals.ts';
import type { Host } from '../../fleet/host.ts';
import { readJournal } from '../host-journal.ts';
import { LEFT_OVER } from '../host-truth.ts';
import type { Saying } from './clean-sequence.ts';
import { type ClusterStage, MAX_UNAVAILABLE } from './cluster-stage.ts';

/** What an upgrade of packages may not change, but for their versions. */
const KEPT = 'dpkg --get-selections; apt-mark showhold; apt-mark showauto; dpkg --audit';

export async function readKept(hosts: readonly Host[]): Promise<ReadonlyMap<string, string>> {
  return new Map(await Promise.all(hosts.map(async (host) => [host.name, await host.mustExec(['sh', '-c', KEPT])] as const)));
}

export function atMost(limit: number, what: string, seen: number): readonly string[] {
  return seen > limit ? [`${seen} ${what}, allowed: ${limit}`] : [];
}

/** By the hosts' own journals, which share one clock here. */
export async function findOrderProblems({ farrier, cluster }: ClusterStage): Promise<readonly string[]> {
  const spanOn = async (host: Host): Promise<DownInterval> => spanOf(host.name, await readJournal(host));
  const planes = await Promise.all(cluster.controlPlanes.map(spanOn));
  return orderProblems(planes, await Promise.all(farrier.nodes.filter((host) => !cluster.controlPlanes.includes(host)).map(spanOn)));
}

/** Never too many at once, control planes one at a time and before all workers. */
export function orderProblems(planes: readonly DownInterval[], workers: readonly DownInterval[]): readonly string[] {
  const lastMs = Math.max(...planes.map(({ until }) => until?.latestMs ?? Infinity));
  return [
    ...atMost(MAX_UNAVAILABLE, 'nodes were being upgraded at once', greatestAtOnce([...planes, ...workers]).possible),
    ...atMost(1, 'control planes were being upgraded at once', greatestAtOnce(planes).possible),
    ...workers.filter(({ from }) => from.earliestMs < lastMs).map(({ host }) => `${host} began before the last control plane was done`),
  ];
}

/** From its first step's begin to its done. */
export function spanOf(host: string, records: readonly JournalRecord[]): DownInterval {
  const at = (ms: number | undefined) => ({ earliestMs: ms ?? 0, latestMs: ms ?? Infinity });
  const end = records.findLast(({ kind, step }) => kind === 'done' && step < 0);
  return { host, causes: ['being upgraded'], from: at(records.find(({ kind }) => kind === 'begin')?.wallUnixMs), until: end === undefined ? null : at(end.wallUnixMs) };
}

/** What a host that was upgraded cleanly shows: done, nothing left over, everything else as before. */
export async function findHostProblems(host: Host, sayings: readonly Saying[], kept: string | undefined): Promise<readonly string[]> {
  const ends = (await readJournal(host)).findLast(({ step }) => step < 0)?.kind;
  const left = (await host.exec(['sh', '-c', LEFT_OVER])).stdout.trim();
  const said = await Promise.all(
    sayings.map(async ({ argv, says }) => {
      const { stdout } = await host.exec(argv);
      return stdout.includes(says) ? [] : [`${host.name}: ${argv.join(' ')} says ${stdout.trim().slice(0, 200)}, not ${says}`];
    }),
  );
  return [
    ...(ends === 'done' ? [] : [`${host.name}: the journal ends with ${ends}`]),
    ...(left === '' ? [] : [`${host.name}: left over: ${left}`]),
    ...((await readKept([host])).get(host.name) === kept ? [] : [`${host.name}: selections, holds or marks are not as before`]),
    ...said.flat(),
  ];
}
