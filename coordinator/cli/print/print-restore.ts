import type { PlanRestoreResponse__Output } from '../../../shared/wire/messages.ts';
import { printFacts, printTable } from './print-table.ts';

/** What goes back to what, who takes part, and what is lost. */
export function printRestore({ snapshot, hosts, apiServers, lost, lostRevisions, problems }: PlanRestoreResponse__Output): readonly string[] {
  const taken = snapshot === null ? '' : new Date(snapshot.takenUnixMs).toISOString().replace('T', ' ').replace(/\.\d+Z$/, ' UTC');
  return [
    ...printFacts([
      ['cluster', snapshot?.cluster ?? ''],
      ['snapshot', snapshot?.id ?? ''],
      ['taken', `${taken} from ${snapshot?.datastore === 'sqlite' ? 'K3s' : 'etcd'} ${snapshot?.version ?? ''}, revision ${snapshot?.revision ?? 0}`],
      ['API servers', apiServers.join(', ')],
      ['LOST', `everything of the last ${lost}${lostRevisions === undefined ? '' : `, at least ${lostRevisions} revisions`}`],
    ]),
    '',
    ...printTable(['NODE', 'MEMBER'], hosts.map(({ node, member }) => [node, member])),
    ...(problems.length === 0 ? [] : ['', ...problems.map((problem) => `error: ${problem}`)]),
  ];
}
