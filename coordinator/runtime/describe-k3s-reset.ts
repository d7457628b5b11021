import type { SnapshotToken } from '../../shared/domain/snapshot.ts';

/** How a person puts back the etcd that K3s embeds, which K3s alone does (docs.k3s.io/cli/etcd-snapshot). */
export function describeK3sReset(cluster: string, token: SnapshotToken | undefined): string {
  const option = token === undefined ? '' : ' --token=TOKEN';
  return [
    `${cluster} keeps its datastore in the etcd that K3s embeds, which K3s itself puts back: open the copy (age -d -i KEY COPY | zstd -d > FILE)`,
    'stop k3s on all servers',
    `on one of them run k3s server --cluster-reset --cluster-reset-restore-path=FILE${option}${tokenText(token)}`,
    'on the others move server/db aside',
    'then start k3s on that one, and on the others after it',
  ].join('; ');
}

function tokenText(token: SnapshotToken | undefined): string {
  if (token === undefined) return ' with the server token of that time';
  const where = token.sealed === null ? 'it is not kept with the snapshot' : 'farrier snapshot ls --json has it as token.sealed of this snapshot: base64 -d | age -d -i KEY';
  return `, where TOKEN is the server token of hash ${token.hash} (${where})`;
}
