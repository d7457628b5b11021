import type { NodeName } from '../../shared/domain/ids.ts';
import type { FrozenPlan, Plan, Target } from '../../shared/domain/plan.ts';
import type { Datastore, SizedDigest, SnapshotRecord } from '../../shared/domain/snapshot.ts';
import type { StepSpec } from '../../shared/domain/step-spec.ts';
import type { ArtifactRef } from '../../shared/domain/steps/artifact-ref.ts';
import type { RestoredMember, RestoreSpec } from '../../shared/domain/steps/restore-specs.ts';
import { namesOf } from '../../shared/procedures/names-of.ts';
import { digestOf } from '../../shared/wire/digest-of.ts';
import { encodeSequence } from '../../shared/wire/sequence-codec.ts';
import type { NodeView } from '../core/world.ts';
import { describeK3sReset } from './describe-k3s-reset.ts';

export interface RestoreOrder {
  readonly record: SnapshotRecord;
  /** By node: the file key, wrapped for that host. */
  readonly keys: ReadonlyMap<NodeName, string>;
  readonly tool: ArtifactRef | null;
  /** More of them than the nodes tell. */
  readonly apiServers: readonly string[];
  /** As it was typed. */
  readonly lost: string;
  /** Another for each restore. */
  readonly token: string;
  readonly waitMs: number;
}

/** Who takes part in a restore, as the fleet is now. */
export interface RestoreParty {
  readonly cluster: string;
  readonly hosts: readonly RestoreHost[];
  readonly apiServers: readonly string[];
  /** What keeps it from starting, as sentences. */
  readonly problems: readonly string[];
}

export interface RestoreHost {
  readonly node: NodeName;
  /** Null of K3s with SQLite, which has none. */
  readonly member: RestoredMember | null;
  /** Empty where the host has told none. */
  readonly recipient: string;
}

type RestoredSnapshot = Pick<SnapshotRecord, 'datastore' | 'token'>;

const WAVE = 'all-members';
/** A copy of a large datastore over a slow line is fetched, opened and checked while it still runs. */
const RESTORE_MAX_MS = 60 * 60_000;
const START_CONTROL_PLANE_MAX_MS = 15 * 60_000;
/** The kubelet ends a pod within a minute or two. */
const STOP_MARGIN_MS = 5 * 60_000;

/** Every member of the cluster takes part, or none: one that is left out would found a cluster of its own. */
export function restoreParty(cluster: string, snapshot: RestoredSnapshot, views: readonly NodeView[], apiServers: readonly string[]): RestoreParty {
  const { datastore } = snapshot;
  const all = views.filter(({ record }) => record.cluster === cluster).toSorted((a, b) => (a.record.name < b.record.name ? -1 : 1));
  const hosts = all.flatMap((view) => hostOf(view, datastore) ?? []);
  const away = all.filter(({ record, session }) => hosts.some(({ node }) => node === record.name) && (session.state !== 'connected' || !session.reported || !record.approved)).map(({ record }) => record.name);
  const silent = all.filter(({ facts }) => facts === null).map(({ record }) => record.name);
  return {
    cluster, hosts,
    apiServers: [...new Set([...all.flatMap(({ facts }) => facts?.facts.datastore?.apiServer ?? []), ...apiServers])],
    problems: [
      ...(hosts.length === 0 ? [nobody(cluster, snapshot, all)] : []),
      ...(away.length > 0 ? [`${namesOf(away)} must be connected: every member takes part in a restore; bring the agents back, or remove hosts that are gone for good: farrier node remove`] : []),
      ...(silent.length > 0 ? [`${namesOf(silent)} never told what runs there, and may have a member too; start the agents, or remove those nodes`] : []),
      ...(datastore === 'etcd' ? sameMembers(cluster, hosts) : severalServers(cluster, hosts)),
    ],
  };
}

function nobody(cluster: string, { datastore, token }: RestoredSnapshot, all: readonly NodeView[]): string {
  const isK3sEtcd = datastore === 'etcd' && all.some(({ facts }) => facts?.facts.kubernetes?.kind === 'k3s');
  if (isK3sEtcd) return describeK3sReset(cluster, token);
  return `no node of cluster ${cluster} has told of ${datastore === 'etcd' ? 'a member of etcd' : 'a server of K3s'}; check the name of the cluster, and that agents run on its hosts (farrier node ls)`;
}

function hostOf({ record, facts }: NodeView, datastore: Datastore): RestoreHost | null {
  if (facts === null) return null;
  const { kubernetes, datastore: setUp, snapshots } = facts.facts;
  const own = { node: record.name, recipient: snapshots?.recipient ?? '' };
  if (datastore === 'sqlite') return kubernetes?.kind === 'k3s' && kubernetes.role === 'server' ? { ...own, member: null } : null;
  const member = setUp?.member ?? null;
  return member === null ? null : { ...own, member };
}

function sameMembers(cluster: string, hosts: readonly RestoreHost[]): readonly string[] {
  const names = hosts.map(({ member }) => member?.name ?? '');
  return new Set(names).size === names.length ? [] : [`two hosts of cluster ${cluster} tell of a member of the same name (${namesOf(names)}); is it two clusters under one name?`];
}

function severalServers(cluster: string, hosts: readonly RestoreHost[]): readonly string[] {
  return hosts.length <= 1 ? [] : [`cluster ${cluster} has ${hosts.length} servers (${namesOf(hosts.map(({ node }) => node))}), and a datastore in SQLite is of one alone; is it several clusters under one name?`];
}

/** One wave of all hosts, frozen with the mark that lets them begin together. */
export function freezeRestore({ cluster, hosts, apiServers }: RestoreParty, order: RestoreOrder): FrozenPlan {
  const sequences: Record<string, readonly StepSpec[]> = {};
  const targetOf = (host: RestoreHost): Target => {
    const steps = stepsOf(host, hosts, apiServers, order);
    const digest = digestOf(encodeSequence(steps));
    sequences[digest] = steps;
    return { kind: 'sequence', digest };
  };
  const nodes = hosts.map(({ node }) => node);
  const targets = Object.fromEntries(hosts.map((host) => [host.node, targetOf(host)]));
  return {
    ...{ plan: planOf(cluster), waves: [{ name: WAVE, nodes, soakMs: 0, needsAll: true }], sequences, targets },
    ...{ maxUnavailable: nodes.length, controlPlanes: { [cluster]: nodes }, satisfied: [], noReturn: nodes, drained: [], rollbackOf: null, chain: null },
    restore: { cluster, snapshot: order.record.plain.digest, takenUnixMs: order.record.takenUnixMs, lost: order.lost },
  };
}

function stepsOf({ node, member }: RestoreHost, hosts: readonly RestoreHost[], apiServers: readonly string[], { record, keys, tool, token, waitMs }: RestoreOrder): readonly RestoreSpec[] {
  const { plain, sealed, version } = record;
  const copy = sealed ?? plain;
  const key = keys.get(node);
  const what = { snapshot: refOf(copy), plain: refOf(plain), keys: sealed === null || key === undefined ? [] : [key], version, token };
  if (member === null) return [{ kind: 'restore_k3s', name: 'restore K3s', timeoutMs: RESTORE_MAX_MS, ...what }];
  const members = hosts.flatMap((host) => host.member ?? []);
  return [
    { kind: 'stop_control_plane', name: 'stop the control plane', timeoutMs: waitMs + STOP_MARGIN_MS, apiServers },
    { kind: 'restore_datastore', name: 'restore the datastore', timeoutMs: RESTORE_MAX_MS, ...what, members, member: member.name, tool },
    { kind: 'start_datastore', name: 'start the datastore', timeoutMs: waitMs, members, member: member.name, apiServers },
    { kind: 'start_control_plane', name: 'start the control plane', timeoutMs: START_CONTROL_PLANE_MAX_MS },
  ];
}

function refOf({ digest, sizeBytes }: SizedDigest): ArtifactRef {
  return { sha256: digest, size: sizeBytes };
}

/** A rollout needs one to be shown; nothing of it decides anything: all hosts at once, and a single failure stops what has not begun. */
function planOf(cluster: string): Plan {
  const name = `restore-${cluster}`.toLowerCase().replace(/[^a-z0-9-]+/g, '-').slice(0, 63).replace(/-+$/, '');
  return {
    ...{ name, select: { labels: {} }, waves: [], maxUnavailable: { unit: 'percent', value: 100 }, maxFailures: 0, onFailure: 'pause', onSilence: 'keep', silenceMs: 0 },
    ...{ minDonePercent: 100, allowControlPlaneOutage: true, drain: 'never', drainTimeoutMs: 0, steps: [], procedure: null },
  };
}
