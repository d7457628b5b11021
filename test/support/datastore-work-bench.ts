import { DatastoreWork } from '../../coordinator/runtime/datastore-work.ts';
import { SnapshotLog } from '../../coordinator/runtime/snapshot-log.ts';
import { WorkOnClusters } from '../../coordinator/runtime/work-on-clusters.ts';
import type { FleetState } from '../../coordinator/runtime/fleet-state.ts';
import { generateIdentity } from '../../shared/age/age-keys.ts';
import type { EtcdTools } from '../../coordinator/core/choose-prover.ts';
import type { HostFacts, SnapshotFacts } from '../../shared/domain/host-facts.ts';
import type { EventStore } from '../../coordinator/ports/event-store.ts';
import { CONTROL_PLANE, WORKER } from './example-facts.ts';
import { aFleet, aMember } from './fleet-state.ts';
import { manualClock, type ManualClock } from './manual-clock.ts';
import { memoryStore } from './memory-store.ts';
import { ModelSnapshotAgents } from './model-snapshot-agents.ts';
import { silentLogger } from './silent-logger.ts';

export const NO_PROOFS_HERE = 'this host is one of a control plane, and its settings allow no proof';

/** What a host says that it can do for snapshots. */
export function snapshotFacts(changes: Partial<SnapshotFacts> = {}): SnapshotFacts {
  return { recipient: generateIdentity().recipient.text, mayProve: true, reason: 'this host is none of a control plane', tools: ['3.5'], freeBytes: 2 ** 33, ...changes };
}

export function memberFacts(changes: Partial<SnapshotFacts> = {}): HostFacts {
  return { ...CONTROL_PLANE, snapshots: snapshotFacts({ mayProve: false, reason: NO_PROOFS_HERE, ...changes }) };
}

export function proverFacts(changes: Partial<SnapshotFacts> = {}): HostFacts {
  return { ...WORKER, snapshots: snapshotFacts(changes) };
}

export interface DatastoreWorkBench {
  readonly work: DatastoreWork;
  readonly agents: ModelSnapshotAgents;
  readonly log: SnapshotLog;
  readonly state: FleetState;
  readonly clock: ManualClock;
}

/** Clusters `north` and `south`, each with one member and one prover, unless it is told others. */
export async function datastoreWorkBench({ nodes = twoClusters(), tools = {}, store }: { readonly nodes?: Parameters<typeof aFleet>[0]; readonly tools?: EtcdTools; readonly store?: EventStore } = {}): Promise<DatastoreWorkBench> {
  const clock = manualClock(1_790_000_000_000);
  const state = aFleet(nodes);
  const log = await SnapshotLog.open(store ?? memoryStore({ clock }), clock);
  const agents = new ModelSnapshotAgents(state, log, clock);
  const clusters = new WorkOnClusters(state, clock, () => undefined);
  return { work: new DatastoreWork({ state, log, agents, clusters, tools: async () => tools, clock, logger: silentLogger }), agents, log, state, clock };
}

function twoClusters(): Parameters<typeof aFleet>[0] {
  return ['north', 'south'].flatMap((cluster) => [aMember(`${cluster}-1`, memberFacts(), { cluster }), aMember(`${cluster}-2`, proverFacts(), { cluster })]);
}
