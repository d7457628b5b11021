import { revisionAt } from './key-record.ts';
import { textOf } from './each-entry.ts';

/** What the buckets beside `key` say of the member that the snapshot was taken from; null where it is not there. */
export interface DatastoreFacts {
  readonly consistentIndex: string | null;
  readonly term: string | null;
  /** From etcd 3.6 on. */
  readonly storageVersion: string | null;
  readonly clusterVersion: string | null;
  /** 0 where nothing was compacted yet. */
  readonly scheduledCompactRevision: number;
  readonly finishedCompactRevision: number;
  readonly members: readonly SnapshotMember[];
  /** Ids of members that were removed, in hexadecimal. */
  readonly removedMembers: readonly string[];
  readonly leases: number;
  readonly alarms: number;
  readonly authEnabled: boolean;
  readonly users: number;
  readonly roles: number;
}

export interface SnapshotMember {
  /** In hexadecimal, as etcdctl prints it. */
  readonly id: string;
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
}

/** Far more than a cluster has; the rest is left out. */
const MEMBERS_MAX = 256;
const VALUE_BYTES_MAX = 64 << 10;
const REVISION_BYTES = 17;
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Takes the records of the small buckets, in any order. What cannot be read is left out: it decides nothing. */
export class DatastoreFactsReader {
  readonly #members: SnapshotMember[] = [];
  readonly #removed: string[] = [];
  readonly facts: Mutable<DatastoreFacts> = {
    consistentIndex: null, term: null, storageVersion: null, clusterVersion: null, scheduledCompactRevision: 0, finishedCompactRevision: 0,
    members: this.#members, removedMembers: this.#removed, leases: 0, alarms: 0, authEnabled: false, users: 0, roles: 0,
  };

  read(bucket: string, bytes: DataView, keyFrom: number, valueFrom: number, to: number): void {
    if (to - valueFrom > VALUE_BYTES_MAX) return;
    const key = textOf(bytes, keyFrom, valueFrom);
    const value = new DataView(bytes.buffer, bytes.byteOffset + valueFrom, to - valueFrom);
    switch (bucket) {
      case 'meta':
        this.#readMeta(key, value);
        break;
      case 'cluster':
        if (key === 'clusterVersion') this.facts.clusterVersion = textOf(value);
        break;
      case 'members':
        if (this.#members.length < MEMBERS_MAX) this.#members.push(memberOf(key, textOf(value)));
        break;
      case 'members_removed':
        if (this.#removed.length < MEMBERS_MAX) this.#removed.push(key);
        break;
      case 'lease':
        this.facts.leases += 1;
        break;
      case 'alarm':
        this.facts.alarms += 1;
        break;
      case 'auth':
        if (key === 'authEnabled') this.facts.authEnabled = value.byteLength > 0 && value.getUint8(0) === 1;
        break;
      case 'authUsers':
        this.facts.users += 1;
        break;
      case 'authRoles':
        this.facts.roles += 1;
        break;
      default:
    }
  }

  #readMeta(key: string, value: DataView): void {
    const { facts } = this;
    if (key === 'consistent_index') facts.consistentIndex = number64(value);
    else if (key === 'term') facts.term = number64(value);
    else if (key === 'storageVersion') facts.storageVersion = textOf(value);
    else if (key === 'scheduledCompactRev') facts.scheduledCompactRevision = revision(value);
    else if (key === 'finishedCompactRev') facts.finishedCompactRevision = revision(value);
  }
}

function number64(value: DataView): string | null {
  return value.byteLength === 8 ? value.getBigUint64(0).toString() : null;
}

function revision(value: DataView): number {
  return value.byteLength === REVISION_BYTES ? revisionAt(value, 0) : 0;
}

function memberOf(id: string, json: string): SnapshotMember {
  const said = parsed(json);
  const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []);
  return { id, name: typeof said['name'] === 'string' ? said['name'] : '', peerUrls: texts(said['peerURLs']), clientUrls: texts(said['clientURLs']), isLearner: said['isLearner'] === true };
}

function parsed(json: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
