import type { Digest, NodeName } from '../../shared/domain/ids.ts';
import { snapshotsToDelete } from '../../shared/domain/keep-snapshots.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Logger } from '../../shared/ports/logger.ts';
import type { CopyFolder } from '../adapters/copy-folder.ts';
import type { CataloguedSnapshot } from '../core/cluster-snapshots.ts';
import { hasCopy } from '../core/has-copy.ts';
import type { OffHostCopy } from '../core/snapshot-event.ts';
import type { FleetState } from './fleet-state.ts';
import type { SnapshotLog } from './snapshot-log.ts';

const HERE: OffHostCopy = { kind: 'coordinator' };

export interface SnapshotCopiesParts {
  readonly state: FleetState;
  readonly log: SnapshotLog;
  readonly folder: Pick<CopyFolder, 'offsetOf' | 'remove' | 'removeParts'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Copies of snapshots on this coordinator: which may come, who may have them, and which stay. */
export class SnapshotCopies {
  readonly #parts: SnapshotCopiesParts;

  constructor(parts: SnapshotCopiesParts) {
    this.#parts = parts;
  }

  /** What a node may send: a sealed snapshot that it reported. Null: nothing that this coordinator knows of it. */
  wantedOf(node: NodeName, sha256: Digest): CataloguedSnapshot | null {
    const { state, log } = this.#parts;
    const view = state.nodes.get(node);
    return view === undefined ? null : (log.of(view.record.cluster).snapshots.find((each) => each.node === node && each.record.sealed?.digest === sha256) ?? null);
  }

  /** It lies here, whole. Durable when it resolves. */
  async arrived({ node, record }: CataloguedSnapshot): Promise<void> {
    await this.#parts.log.append(record.cluster, ({ snapshots }) => {
      const known = snapshots.find((each) => each.node === node && each.record.id === record.id);
      return known === undefined || hasCopy(known.record, 'coordinator') ? [] : [{ type: 'copied', node, id: record.id, copy: HERE }];
    });
  }

  /** Nodes of the snapshot's own cluster, whose datastore it is, and whoever was ordered to prove it. */
  mayHave(node: NodeName, sha256: Digest): boolean {
    const { state, log } = this.#parts;
    const own = state.nodes.get(node)?.record.cluster;
    return log.clusters.some((cluster) => {
      const { snapshots, orders } = log.of(cluster);
      const of = snapshots.filter(({ record }) => record.sealed?.digest === sha256 && hasCopy(record, 'coordinator'));
      return of.length > 0 && (own === cluster || of.some(({ record }) => orders.some(({ prover, digest }) => prover === node && digest === record.plain.digest)));
    });
  }

  /** Deletes what the policy does not keep, and notes what is gone without us. The file first: a copy that is listed is there, or was a moment ago. */
  async prune(): Promise<void> {
    const { state, log, folder, clock, logger } = this.#parts;
    const isElsewhere = (sha256: Digest, cluster: string): boolean => log.clusters.some((other) => other !== cluster && log.of(other).snapshots.some(({ record }) => record.sealed?.digest === sha256 && hasCopy(record, 'coordinator')));
    for (const cluster of log.clusters) {
      const here = log.of(cluster).snapshots.filter(({ record }) => hasCopy(record, 'coordinator'));
      const { toDelete, clockWentBack } = snapshotsToDelete(here.map(({ record }) => record), state.policy.snapshots.keep, clock.wallUnixMs());
      if (clockWentBack) logger.warn('the clock is behind a snapshot: no copy is deleted', { cluster });
      const isKept = (sha256: Digest): boolean => here.some(({ record }) => record.sealed?.digest === sha256 && !toDelete.includes(record));
      for (const each of here) {
        const sha256 = each.record.sealed?.digest ?? '';
        const isOld = toDelete.includes(each.record);
        if (isOld && !isKept(sha256) && !isElsewhere(sha256, cluster)) await folder.remove(sha256);
        const isGone = isOld || !(await folder.offsetOf(sha256)).whole;
        if (!isGone) continue;
        logger.info('copy of a snapshot removed', { cluster, snapshot: each.record.id, why: isOld ? 'the policy keeps it no longer' : 'its file is gone' });
        await log.append(cluster, ({ snapshots }) => (snapshots.some(({ node, record }) => node === each.node && record.id === each.record.id && hasCopy(record, 'coordinator')) ? [{ type: 'copy-removed', node: each.node, id: each.record.id, copy: HERE }] : []));
      }
    }
    await folder.removeParts(new Set(log.clusters.flatMap((cluster) => log.of(cluster).snapshots.map(({ record }) => record.sealed?.digest ?? ''))));
  }
}
