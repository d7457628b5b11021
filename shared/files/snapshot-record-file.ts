import { createHash } from 'node:crypto';

import { COMPARED_FACTS, DATASTORES, SNAPSHOT_ID_PATTERN, type SnapshotRecord, TOKEN_HASH_PATTERN } from '../domain/snapshot.ts';

/** What this version writes, and all that it reads. */
const FORMAT = 'farrier-snapshot 1';

/** One line that says what the rest is and its sha256, one of JSON: a person can read it, and a changed byte is seen. */
export function formatRecord(record: SnapshotRecord): string {
  const json = JSON.stringify(record);
  return `${FORMAT} ${sha256(json)}\n${json}\n`;
}

/** @returns what is wrong with it, as text, where it is not a whole record of this version. */
export function parseRecord(bytes: Buffer): SnapshotRecord | string {
  const [head = '', json = '', ...rest] = bytes.toString('utf8').split('\n');
  if (!head.startsWith(`${FORMAT} `)) return /^farrier-snapshot \d+ /.test(head) ? 'a newer version wrote it' : 'it is no record of a snapshot';
  if (rest.length !== 1 || rest[0] !== '' || head !== `${FORMAT} ${sha256(json)}`) return 'its checksum is wrong';
  const value: unknown = JSON.parse(json);
  const wrong = wrongField(value);
  return wrong === null ? (value as SnapshotRecord) : `its field ${wrong} is not one that this version knows`;
}

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string';
const count: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const integer: Check = (value) => Number.isSafeInteger(value);
const digest: Check = (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
const orAbsent = (check: Check): Check => (value) => value === undefined || check(value);
const orNull = (check: Check): Check => (value) => value === null || check(value);
const listOf = (check: Check): Check => (value) => Array.isArray(value) && value.every(check);
const oneOf = (values: readonly unknown[]): Check => (value) => values.includes(value);
const object = (fields: Readonly<Record<string, Check>>): Check => (value) => isObject(value) && Object.entries(fields).every(([name, check]) => check(value[name]));

const COPIES: Readonly<Record<string, Check>> = { host: object({ node: text }), coordinator: object({}), 'object-store': object({ store: text, key: text }) };

const FIELDS: Readonly<Record<keyof SnapshotRecord, Check>> = {
  id: (value) => typeof value === 'string' && SNAPSHOT_ID_PATTERN.test(value),
  cluster: text,
  datastore: oneOf(DATASTORES),
  clusterId: orNull(text),
  member: object({ id: orNull(text), name: text }),
  revision: count,
  liveKeys: orNull(count),
  version: text,
  takenUnixMs: count,
  look: orNull(object({ revision: count, keys: count, registryKeys: count, kubeSystem: orNull(digest), hash: orNull(object({ hash: count, compactRevision: integer })) })),
  plain: object({ digest, sizeBytes: count }),
  sealed: orNull(object({ digest, sizeBytes: count, recipients: listOf(digest) })),
  token: orAbsent(object({ hash: (value) => typeof value === 'string' && TOKEN_HASH_PATTERN.test(value), sealed: orNull(text) })),
  copies: listOf((copy) => isObject(copy) && (COPIES[String(copy['kind'])]?.(copy) ?? false)),
  proof: orNull(object({ provedUnixMs: count, provedBy: text, compared: listOf(oneOf(COMPARED_FACTS)) })),
};

/** Null where all are as they should be. */
function wrongField(value: unknown): string | null {
  if (!isObject(value)) return 'of all';
  return Object.entries(FIELDS).find(([name, check]) => !check(value[name]))?.[0] ?? null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sha256(value: string): string {
  return createHash('sha256').update(value).digest('hex');
}
