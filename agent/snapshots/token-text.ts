import type { SnapshotRecord } from '../../shared/domain/snapshot.ts';

/** What a person has to know of the token that a snapshot needs; empty where it needs none. */
export function tokenText({ token }: Pick<SnapshotRecord, 'token'>): string {
  if (token === undefined) return '';
  return token.sealed === null
    ? `; K3s starts on it only with the server token of hash ${token.hash}, which is NOT kept with it: keep that token elsewhere`
    : `; the server token that it needs, of hash ${token.hash}, is sealed in its record`;
}
