import { COMPARED_FACTS, type DatastoreLook, SEALED_TOKEN_MAX, SNAPSHOT_ID_PATTERN, type SnapshotRecord, type SnapshotToken, TOKEN_HASH_PATTERN } from '../domain/snapshot.ts';
import { RECIPIENTS_MAX } from '../domain/snapshot-command.ts';
import { DIGEST_PATTERN, type FieldCheck } from './field-check.ts';
import type { Snapshot, Snapshot__Output } from './generated/farrier/v1/Snapshot.d.ts';

const ETCD_ID = /^(|[1-9][0-9]{0,19})$/;
const ONE_LINE = /^[\x20-\x7e]{0,128}$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const UINT32_MAX = 2 ** 32 - 1;

/** A snapshot as a message. Where its bytes lie is not in it: whoever has them says so for itself. */
export function toSnapshotMessage(record: SnapshotRecord): Snapshot {
  const { id, cluster, datastore, clusterId, member, revision, liveKeys, version, takenUnixMs, plain, sealed, token, proof, look } = record;
  return {
    ...{ id, cluster, datastore, clusterId: clusterId ?? '', memberId: member.id ?? '', memberName: member.name, revision, version, takenUnixMs },
    ...(liveKeys === null ? {} : { liveKeys }),
    plain: { sha256: plain.digest, size: plain.sizeBytes },
    sealed: sealed === null ? null : { sha256: sealed.digest, size: sealed.sizeBytes, recipients: [...sealed.recipients] },
    proof: proof === null ? null : { provedUnixMs: proof.provedUnixMs, provedBy: proof.provedBy, compared: [...proof.compared] },
    look: look === null ? null : lookToMessage(look),
    token: token === undefined ? null : { hash: token.hash, sealed: token.sealed ?? '' },
  };
}

/** Strict, for an agent may be hostile. `copies` is empty. Only a check without an error may be trusted. */
export function fromSnapshotMessage(message: Snapshot__Output, at: string, check: FieldCheck): SnapshotRecord {
  const { id, cluster, clusterId, memberId, memberName, revision, liveKeys, version, takenUnixMs, plain, sealed, token, proof, look } = message;
  check.text(id, `${at}.id`, SNAPSHOT_ID_PATTERN);
  check.text(cluster, `${at}.cluster`, ONE_LINE);
  const datastore = message.datastore === 'sqlite' ? 'sqlite' : 'etcd';
  check.that(message.datastore === datastore, `${at}.datastore`, 'is neither etcd nor sqlite');
  check.text(clusterId, `${at}.clusterId`, ETCD_ID);
  check.text(memberId, `${at}.memberId`, ETCD_ID);
  check.text(memberName, `${at}.memberName`, ONE_LINE);
  check.count(revision, `${at}.revision`);
  check.count(liveKeys ?? 0, `${at}.liveKeys`);
  check.text(version, `${at}.version`, ONE_LINE);
  check.count(takenUnixMs, `${at}.takenUnixMs`, { min: 1 });
  return {
    ...{ id, cluster, datastore, clusterId: clusterId || null, member: { id: memberId || null, name: memberName }, revision, version, takenUnixMs },
    liveKeys: liveKeys ?? null,
    plain: sized(plain, `${at}.plain`, check),
    sealed: sealed === null ? null : { ...sized(sealed, `${at}.sealed`, check), recipients: digests(sealed.recipients, `${at}.sealed.recipients`, check) },
    ...(token === null ? {} : { token: tokenFrom(token, `${at}.token`, check) }),
    copies: [],
    proof: proof === null ? null : proofFrom(proof, `${at}.proof`, check),
    look: look === null ? null : lookFrom(look, `${at}.look`, check),
  };
}

function sized(message: { readonly sha256: string; readonly size: number } | null, at: string, check: FieldCheck) {
  const { sha256, size } = message ?? { sha256: '', size: 0 };
  check.text(sha256, `${at}.sha256`, DIGEST_PATTERN);
  check.count(size, `${at}.size`, { min: 1 });
  return { digest: sha256, sizeBytes: size };
}

function digests(list: readonly string[], at: string, check: FieldCheck): readonly string[] {
  check.count(list.length, at, { max: RECIPIENTS_MAX + 1 });
  for (const digest of list) check.text(digest, at, DIGEST_PATTERN);
  return list;
}

function tokenFrom({ hash, sealed }: NonNullable<Snapshot__Output['token']>, at: string, check: FieldCheck): SnapshotToken {
  check.text(hash, `${at}.hash`, TOKEN_HASH_PATTERN);
  check.text(sealed, `${at}.sealed`, BASE64);
  check.count(sealed.length, `${at}.sealed`, { max: SEALED_TOKEN_MAX });
  return { hash, sealed: sealed || null };
}

function proofFrom({ provedUnixMs, provedBy, compared }: NonNullable<Snapshot__Output['proof']>, at: string, check: FieldCheck): NonNullable<SnapshotRecord['proof']> {
  check.count(provedUnixMs, `${at}.provedUnixMs`, { min: 1 });
  check.text(provedBy, `${at}.provedBy`, ONE_LINE);
  // What only a newer agent compares is left out.
  return { provedUnixMs, provedBy, compared: COMPARED_FACTS.filter((fact) => compared.includes(fact)) };
}

function lookToMessage({ revision, keys, registryKeys, kubeSystem, hash }: DatastoreLook): NonNullable<Snapshot['look']> {
  return { revision, keys, registryKeys, kubeSystem: kubeSystem ?? '', ...(hash === null ? {} : { hash: hash.hash, hashCompactRevision: hash.compactRevision }) };
}

function lookFrom(message: NonNullable<Snapshot__Output['look']>, at: string, check: FieldCheck): DatastoreLook {
  const { revision, keys, registryKeys, kubeSystem, hash, hashCompactRevision } = message;
  for (const field of ['revision', 'keys', 'registryKeys'] as const) check.count(message[field], `${at}.${field}`);
  check.text(kubeSystem, `${at}.kubeSystem`, /^([0-9a-f]{64})?$/);
  check.count(hash ?? 0, `${at}.hash`, { max: UINT32_MAX });
  check.count(hashCompactRevision, `${at}.hashCompactRevision`, { min: -1 });
  return { revision, keys, registryKeys, kubeSystem: kubeSystem || null, hash: hash === undefined ? null : { hash, compactRevision: hashCompactRevision } };
}
