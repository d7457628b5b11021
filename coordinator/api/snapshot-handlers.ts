import type { ServerWritableStream } from '@grpc/grpc-js';

import type { Digest } from '../../shared/domain/ids.ts';
import { newestFirst } from '../../shared/domain/snapshot.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { FleetHandlers, RunSnapshotWorkRequest__Output, RunSnapshotWorkResponse, SnapshotWorkDone } from '../../shared/wire/messages.ts';
import type { CataloguedSnapshot } from '../core/cluster-snapshots.ts';
import { clustersWithDatastore } from '../core/datastore-members.ts';
import { explain } from '../core/explain.ts';
import { onlyHostsOpen } from '../core/only-hosts-open.ts';
import { recoveryOf } from '../core/recovery.ts';
import type { DatastoreWork } from '../runtime/datastore-work.ts';
import type { FleetState } from '../runtime/fleet-state.ts';
import { hostKeys } from '../runtime/host-keys.ts';
import type { SnapshotLog } from '../runtime/snapshot-log.ts';
import type { Say } from '../runtime/work-on-clusters.ts';
import { badRequest, notFound, refused } from './api-error.ts';
import { showDrill, showOrNull, showSnapshot } from './show-snapshots.ts';
import { audited, type Gate, toStatus, unary } from './unary.ts';

export interface SnapshotApiParts {
  readonly state: FleetState;
  readonly clock: Clock;
  readonly snapshots: SnapshotLog;
  readonly datastores: DatastoreWork;
  /** Ends what was begun: this coordinator stops. */
  readonly stopping: AbortSignal;
}

const NO_PERSON_OPENS = 'only hosts of this fleet have a key to it, and nobody can open it when they are lost: make a key on another machine (age-keygen -o offline.key) and name its public half in the policy (snapshots.recipients)';

type RunCall = ServerWritableStream<RunSnapshotWorkRequest__Output, RunSnapshotWorkResponse>;

/** Snapshots of datastores, and what is done about them. */
export function snapshotHandlers(gate: Gate, parts: SnapshotApiParts): Pick<FleetHandlers, 'ListSnapshots' | 'ReportSnapshots' | 'RunSnapshotWork'> {
  const { state, clock, snapshots: snapshotLog } = parts;
  return {
    ListSnapshots: unary(gate, { role: 'viewer', action: null }, async ({ cluster }) => {
      const clusters = cluster === undefined ? snapshotLog.clusters : [known(parts, cluster)];
      return { snapshots: clusters.flatMap((name) => {
        const { snapshots } = snapshotLog.of(name);
        return newestFirst(snapshots.map(({ record }) => record)).flatMap((record) => showOrNull(snapshots, record) ?? []);
      }) };
    }),

    ReportSnapshots: unary(gate, { role: 'viewer', action: null }, async ({ cluster }) => {
      const { snapshots: policy } = state.policy;
      const ofHosts = hostKeys(state);
      const all = [...new Set([...clustersWithDatastore(state), ...snapshotLog.clusters])].toSorted();
      const clusters = cluster === undefined ? all : all.filter((name) => name === known(parts, cluster));
      return {
        ...{ takenWithinMs: policy.takenWithinMs, provedWithinMs: policy.provedWithinMs, restoredWithinMs: policy.restoredWithinMs },
        clusters: clusters.map((name) => {
          const { snapshots, ...others } = snapshotLog.of(name);
          const { point, newestTaken, newestProved, newestOffHost, lastDrill, alerts } = recoveryOf({ ...others, snapshots }, policy, ofHosts, clock.wallUnixMs());
          return {
            cluster: name,
            ...(point.takenAgeMs === null ? {} : { takenAgeMs: point.takenAgeMs }),
            ...(point.provedAgeMs === null ? {} : { provedAgeMs: point.provedAgeMs }),
            ...{ newestTaken: showOrNull(snapshots, newestTaken), newestProved: showOrNull(snapshots, newestProved), newestOffHost: showOrNull(snapshots, newestOffHost) },
            lastDrill: lastDrill === null ? null : showDrill(lastDrill),
            alerts: alerts.map((alert) => explain({ ...alert, object: `cluster ${name}` }, '')),
            doing: state.datastoreWork?.get(name)?.doing ?? '',
          };
        }),
      };
    }),

    RunSnapshotWork: (call) => void run(gate, parts, call),
  };
}

/** A cluster that is mistyped has no snapshots either, and that would be said of it. @throws ApiError where nobody is in it and nothing is kept of it */
function known({ state, snapshots }: SnapshotApiParts, cluster: string): string {
  const isKnown = snapshots.clusters.includes(cluster) || [...state.nodes.values()].some(({ record }) => record.cluster === cluster);
  if (!isKnown) throw notFound('cluster', JSON.stringify(cluster), 'farrier node ls');
  return cluster;
}

async function run(gate: Gate, parts: SnapshotApiParts, call: RunCall): Promise<void> {
  // Whoever goes away misses the end of it, and ends nothing.
  call.on('error', () => undefined);
  try {
    const { request } = call;
    // Before anything is awaited: the certificate is gone when the connection is.
    const who = await gate.identify(call);
    const kind = WORKS[request.work as keyof typeof WORKS];
    if (kind === undefined) throw badRequest('this coordinator knows no such work on snapshots; it may be older than this program');
    const told = (doing: string): void => void call.write({ doing });
    const done = await audited(gate, who, { role: 'operator', action: `snapshot ${kind}`, object: request.cluster }, async () => await DO[kind](parts, { ...request, cluster: known(parts, request.cluster) }, who.name, told));
    call.write({ done });
    call.end();
  } catch (error) {
    call.emit('error', toStatus(gate, error));
  }
}

type Kind = 'take' | 'prove' | 'drill';

const WORKS = { SNAPSHOT_WORK_TAKE: 'take', SNAPSHOT_WORK_PROVE: 'prove', SNAPSHOT_WORK_DRILL: 'drill' } as const satisfies Record<string, Kind>;

const DO: Readonly<Record<Kind, (parts: SnapshotApiParts, request: RunSnapshotWorkRequest__Output, by: string, told: Say) => Promise<SnapshotWorkDone>>> = {
  async take({ datastores, stopping, state }, { cluster, node }, _by, told) {
    const taken = await datastores.take(cluster, node || null, stopping, told);
    if (!taken.ok) throw refused(taken.message);
    return { snapshot: showSnapshot(taken.snapshot), warning: [taken.warning, ...keyWarning(state, taken.snapshot)].filter((text) => text !== '').join('; ') };
  },

  async prove({ datastores, stopping, state, snapshots: snapshotLog }, { cluster, snapshot }, _by, told) {
    const proved = await (snapshot === '' ? datastores.prove(cluster, stopping, told) : datastores.proveCopy(cluster, snapshot, stopping, told));
    if (!proved.ok) throw refused(proved.message);
    const found = find(snapshotLog, cluster, proved.snapshot.digest);
    return found === undefined ? {} : { snapshot: showSnapshot(found), warning: keyWarning(state, found).join('; ') };
  },

  async drill({ datastores, stopping }, { cluster }, by, told) {
    const drill = await datastores.drill(cluster, by, stopping, told);
    if (!drill.end.ok) throw refused(`the drill did not go well: ${drill.end.message}`);
    return { drill: showDrill(drill) };
  },
};

function find(log: SnapshotLog, cluster: string, digest: Digest): CataloguedSnapshot | undefined {
  return log.of(cluster).snapshots.find(({ record }) => record.plain.digest === digest);
}

function keyWarning(state: FleetState, { record }: CataloguedSnapshot): readonly string[] {
  return onlyHostsOpen(record, hostKeys(state)) ? [NO_PERSON_OPENS] : [];
}
