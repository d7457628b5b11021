import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Recipient } from '../../shared/age/age-keys.ts';
import { SEALED_TOKEN_MAX, type SnapshotToken } from '../../shared/domain/snapshot.ts';
import type { LocalEtcd } from '../core/etcd-places.ts';
import type { EtcdMember } from '../ports/etcd.ts';
import { sealText } from './sealed/seal-text.ts';

/** Below it K3s keeps its authorities, each entry named after the token that encrypts it (k3s-io/k3s, pkg/cluster/encrypt.go). */
const BOOTSTRAP = '/bootstrap/';
/** A rotation leaves the entry before it for a moment. */
const ENTRIES_MAX = 8;

/**
 * The server token without which K3s starts on no snapshot of this member, sealed for those who can open the snapshot. Another
 * token that lies in its place is not carried. Null where the datastore is encrypted with none.
 */
export async function tokenFor(member: Pick<EtcdMember, 'keys'>, { dataDir }: Pick<LocalEtcd, 'dataDir'>, recipients: readonly Recipient[], signal: AbortSignal): Promise<SnapshotToken | null> {
  const asked = await member.keys({ prefix: BOOTSTRAP, limit: ENTRIES_MAX, revision: 0, serializable: true }, signal);
  const entries = asked.ok ? asked.value.keys.toSorted((a, b) => b.modRevision - a.modRevision) : [];
  const needed = entries.map(({ key }) => key.toString('utf8').slice(BOOTSTRAP.length));
  const token = (await readFile(join(dataDir, '../../token'), 'utf8').catch(() => '')).trim();
  const here = hashOf(token);
  // A member that does not tell has all the same what this server started with.
  const fits = token !== '' && (asked.ok ? needed.includes(here) : true);
  if (fits) return { hash: here, sealed: recipients.length === 0 ? null : sealed(token, recipients) };
  return needed[0] === undefined ? null : { hash: needed[0], sealed: null };
}

function hashOf(token: string): string {
  return createHash('sha256').update(token.split(':').at(-1) ?? '').digest('hex').slice(0, 12);
}

function sealed(token: string, recipients: readonly Recipient[]): string | null {
  const text = sealText(token, recipients).toString('base64');
  return text.length > SEALED_TOKEN_MAX ? null : text;
}
