import { open } from 'node:fs/promises';

import type { Digest, FleetName } from '../../shared/domain/ids.ts';
import { type Retention, snapshotsToDelete } from '../../shared/domain/keep-snapshots.ts';
import { newestFirst, type SealedDigest, type SnapshotRecord } from '../../shared/domain/snapshot.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Logger } from '../../shared/ports/logger.ts';
import type { Failure } from '../../shared/trust/failure.ts';
import type { CataloguedSnapshot } from '../core/cluster-snapshots.ts';
import { hasCopy } from '../core/has-copy.ts';
import type { OffHostCopy } from '../core/snapshot-event.ts';
import type { ObjectSource, ObjectStore, ObjectStoreCode } from '../ports/object-store.ts';
import type { SnapshotLog } from './snapshot-log.ts';

/** One of the settings'. */
export interface NamedStore {
  readonly name: string;
  /** Of every key. */
  readonly prefix: string;
  readonly prune: boolean;
  readonly store: ObjectStore;
}

/** The sealed files that lie on this coordinator, each named by its sha256. */
export interface LocalCopies {
  pathOf(sha256: Digest): string;
  offsetOf(sha256: Digest): Promise<{ readonly offset: number; readonly whole: boolean }>;
  /** Refuses what is not those bytes; what came of them is kept, to be gone on with. */
  receive(head: { readonly sha256: Digest; readonly sizeBytes: number; readonly offset: number }, chunks: AsyncIterable<Uint8Array>): Promise<{ readonly ok: true } | Failure<string>>;
}

export interface OutsideCopiesParts {
  readonly fleet: FleetName;
  readonly stores: readonly NamedStore[];
  readonly log: Pick<SnapshotLog, 'of' | 'clusters' | 'append'>;
  readonly folder: LocalCopies;
  readonly keep: () => Retention;
  readonly clock: Clock;
  readonly logger: Logger;
}

type OutsideCopy = Extract<OffHostCopy, { readonly kind: 'object-store' }>;
/** Those that lie elsewhere than on their host are sealed. */
type Sealed = CataloguedSnapshot & { readonly record: { readonly sealed: SealedDigest } };

const HERE: OffHostCopy = { kind: 'coordinator' };
/** Of one object: the store goes on with the next. Any other code is about the store itself. */
const OF_ONE_OBJECT: readonly ObjectStoreCode[] = ['other-object', 'source-changed'];
const RECEIVE_ATTEMPTS_MAX = 5;

/** Copies of snapshots in object stores: put there when they lie here, deleted when the policy keeps them no longer, brought back when they are lost here. */
export class OutsideCopies {
  readonly #parts: OutsideCopiesParts;
  /** By store: what is wrong is told when it begins, and when it ends. */
  readonly #troubles = new Map<string, ObjectStoreCode>();

  constructor(parts: OutsideCopiesParts) {
    this.#parts = parts;
  }

  /** One object after the other: agents need the same link. @throws the signal's reason, and what the log throws */
  async push(signal: AbortSignal): Promise<void> {
    for (const named of this.#parts.stores) {
      for (const each of this.#snapshots().filter((snapshot) => hasCopy(snapshot.record, 'coordinator') && copiesIn(named, snapshot).length === 0)) {
        const copy: OutsideCopy = { kind: 'object-store', store: named.name, key: this.#keyOf(named, each) };
        const put = await named.store.put(copy.key, fileSource(this.#parts.folder.pathOf(each.record.sealed.digest), each.record.sealed), signal);
        this.#tell(named, put);
        if (put.ok) await this.#note(each, 'copied', copy);
        else if (!OF_ONE_OBJECT.includes(put.code)) break;
      }
    }
  }

  /** Deletes there what the policy does not keep. The object first: a copy that is listed is there, or was a moment ago. */
  async prune(signal: AbortSignal): Promise<void> {
    const { stores, keep, clock, log } = this.#parts;
    for (const named of stores.filter(({ prune }) => prune)) {
      for (const cluster of log.clusters) {
        const there = this.#snapshots().filter((each) => each.record.cluster === cluster && copiesIn(named, each).length > 0);
        const { toDelete } = snapshotsToDelete(there.map(({ record }) => record), keep(), clock.wallUnixMs());
        for (const each of there.filter(({ record }) => toDelete.includes(record))) {
          for (const copy of copiesIn(named, each)) {
            const deleted = await named.store.delete(copy.key, signal);
            this.#tell(named, deleted);
            if (deleted.ok) await this.#note(each, 'copy-removed', copy);
          }
        }
      }
    }
  }

  /** The newest of each cluster that lies outside, where this coordinator has none as new: it lost its disk. */
  async bringBack(signal: AbortSignal): Promise<void> {
    const { log } = this.#parts;
    for (const cluster of log.clusters) {
      const ofCluster = this.#snapshots().filter(({ record }) => record.cluster === cluster);
      const [newest] = newestFirst(ofCluster.filter((each) => hasCopy(each.record, 'coordinator') || this.#parts.stores.some((named) => copiesIn(named, each).length > 0)).map(({ record }) => record));
      const missing = ofCluster.find((each) => each.record === newest && !hasCopy(each.record, 'coordinator'));
      if (missing !== undefined && (await this.#fetch(missing, signal))) await this.#note(missing, 'copied', HERE);
    }
  }

  /** From whichever store has it. @returns whether it lies here now, whole */
  async #fetch(snapshot: Sealed, signal: AbortSignal): Promise<boolean> {
    const { stores, folder, logger } = this.#parts;
    const { digest: sha256, sizeBytes } = snapshot.record.sealed;
    for (const named of stores) {
      for (const { key } of copiesIn(named, snapshot)) {
        for (let attempt = 1; attempt <= RECEIVE_ATTEMPTS_MAX; attempt += 1) {
          const { offset, whole } = await folder.offsetOf(sha256);
          if (whole) return true;
          const got = await named.store.get(key, { from: offset, to: sizeBytes }, signal);
          this.#tell(named, got);
          if (!got.ok) break;
          const received = await folder.receive({ sha256, sizeBytes, offset }, got.value).catch((error: unknown) => error as Error);
          signal.throwIfAborted();
          if ('ok' in received && received.ok) return true;
          logger.warn('a copy of a snapshot did not come back whole from an object store', { store: named.name, key, why: received.message, attempt });
        }
      }
    }
    return false;
  }

  #snapshots(): readonly Sealed[] {
    const { log } = this.#parts;
    return log.clusters.flatMap((cluster) => log.of(cluster).snapshots.filter(isSealed));
  }

  /** For these bytes alone; a person who has nothing but the bucket finds the snapshot by it. */
  #keyOf({ prefix }: NamedStore, { node, record: { cluster, id, sealed } }: Sealed): string {
    return `${prefix}${this.#parts.fleet}/${cluster}/${node}/${id}-${sealed.digest.slice(0, 16)}.snapshot`;
  }

  async #note({ node, record: { cluster, id } }: Sealed, type: 'copied' | 'copy-removed', copy: OffHostCopy): Promise<void> {
    await this.#parts.log.append(cluster, ({ snapshots }) => (snapshots.some((each) => each.node === node && each.record.id === id) ? [{ type, node, id, copy }] : []));
  }

  #tell({ name }: NamedStore, answer: { readonly ok: true } | Failure<ObjectStoreCode>): void {
    const before = this.#troubles.get(name);
    if (answer.ok) {
      this.#troubles.delete(name);
      if (before !== undefined) this.#parts.logger.info('an object store takes copies again', { store: name });
    } else if (before !== answer.code) {
      this.#troubles.set(name, answer.code);
      this.#parts.logger.warn('an object store does not do what is asked of it', { store: name, code: answer.code, why: answer.message });
    }
  }
}

/** Opened for each part: the file may go meanwhile, and another start begins anew. */
function fileSource(path: string, { sizeBytes, digest }: SealedDigest): ObjectSource {
  return {
    sizeBytes, digest,
    read: async (from, length) => {
      const file = await open(path, 'r');
      try {
        const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, from);
        return buffer.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    },
  };
}

function isSealed(each: CataloguedSnapshot): each is Sealed {
  return each.record.sealed !== null;
}

function copiesIn({ name }: NamedStore, { record: { copies } }: { readonly record: SnapshotRecord }): readonly OutsideCopy[] {
  return copies.filter((copy) => copy.kind === 'object-store' && copy.store === name) as readonly OutsideCopy[];
}
