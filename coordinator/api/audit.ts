import type { Clock } from '../../shared/ports/clock.ts';
import type { EventStore, StoredEvent } from '../ports/event-store.ts';
import { StoreError } from '../ports/store-error.ts';
import { readAll } from '../runtime/read-all.ts';
import { SerialQueue } from '../runtime/serial-queue.ts';
import { AUDIT_GENESIS, auditHash, readAuditEntry, type AuditEntry, type AuditFacts } from './audit-entry.ts';

const STREAM = 'audit';
const ATTEMPTS_MAX = 20;
/** A field is shown on one line of a terminal. */
const FIELD_MAX_LENGTH = 500;

interface Tail {
  readonly sequence: number;
  readonly hash: string;
}

export interface AuditListing {
  readonly entries: readonly AuditEntry[];
  /** Empty when the whole chain holds; else what broke and where. */
  readonly broken: string;
}

/** The audit log: a hash chain in the stream `audit`. */
export class AuditLog {
  readonly #store: EventStore;
  readonly #clock: Clock;
  readonly #queue = new SerialQueue();
  #tail: Tail = { sequence: 0, hash: AUDIT_GENESIS };

  constructor(store: EventStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Durable when it resolves. Entries of several coordinators interleave in one chain. */
  async append(facts: AuditFacts): Promise<AuditEntry> {
    return await this.#queue.run(() => this.#append(facts));
  }

  /** The newest `last` entries in order, and whether the whole chain holds. */
  async list(last: number): Promise<AuditListing> {
    let entries: AuditEntry[] = [];
    let tail: Tail = { sequence: 0, hash: AUDIT_GENESIS };
    for await (const stored of readAll(this.#store, STREAM)) {
      const entry = readAuditEntry(stored.event);
      const broken = linkProblem(tail, stored, entry);
      if (broken !== null || entry === null) return { entries: entries.slice(-last), broken: broken ?? '' };
      tail = entry;
      entries.push(entry);
      if (entries.length >= 2 * last + 1_000) entries = entries.slice(-last);
    }
    return { entries: last === 0 ? [] : entries.slice(-last), broken: '' };
  }

  async #append(facts: AuditFacts): Promise<AuditEntry> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      await this.#catchUp();
      const body = { sequence: this.#tail.sequence + 1, wallUnixMs: this.#clock.wallUnixMs(), ...trimmed(facts) };
      const entry: AuditEntry = { ...body, hash: auditHash(this.#tail.hash, body) };
      const appended = await this.#store.append(STREAM, this.#tail.sequence, [entry]);
      if (!appended.ok) continue;
      this.#tail = entry;
      return entry;
    }
    throw new StoreError('store-failed', `${ATTEMPTS_MAX} appends to the audit log in a row came after somebody else's`, 'try again', { retryable: true });
  }

  /** A broken chain is built upon as it stands: refusing to write would hide what comes next; list() names the break. */
  async #catchUp(): Promise<void> {
    for (;;) {
      const page = await this.#store.read(STREAM, this.#tail.sequence);
      const last = page.at(-1);
      if (last === undefined) return;
      this.#tail = { sequence: last.sequence, hash: readAuditEntry(last.event)?.hash ?? this.#tail.hash };
    }
  }
}

function linkProblem(before: Tail, { sequence }: StoredEvent, entry: AuditEntry | null): string | null {
  if (entry === null) return `entry ${sequence} of the audit log cannot be read`;
  if (entry.sequence !== sequence) return `entry ${sequence} of the audit log says that it is entry ${entry.sequence}: one was dropped or moved`;
  if (entry.hash !== auditHash(before.hash, entry)) return `entry ${sequence} of the audit log, or the one before it, was changed after it was written`;
  return null;
}

function trimmed({ who, role, action, object, result, detail = '' }: AuditFacts): Required<AuditFacts> {
  const short = (text: string): string => text.slice(0, FIELD_MAX_LENGTH);
  return { who: short(who), role: short(role), action: short(action), object: short(object), result: short(result), detail: short(detail) };
}
