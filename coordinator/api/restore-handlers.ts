import { STANZA_LINE_PATTERN } from '../../shared/age/stanza-line.ts';
import { HEADER_MAX_BYTES } from '../../shared/age/age-header.ts';
import { API_SERVERS_MAX, ETCD_VERSION_PATTERN, HTTPS_URL_PATTERN, K3S_VERSION_PATTERN } from '../../shared/domain/step-limits.ts';
import type { SnapshotRecord } from '../../shared/domain/snapshot.ts';
import type { ArtifactRef } from '../../shared/domain/steps/artifact-ref.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Random } from '../../shared/ports/random.ts';
import { FieldCheck } from '../../shared/wire/field-check.ts';
import type { FleetHandlers, RestoreChoice__Output } from '../../shared/wire/messages.ts';
import { fromSnapshotMessage, toSnapshotMessage } from '../../shared/wire/snapshot-codec.ts';
import type { ArtifactFolder } from '../adapters/artifact-folder.ts';
import type { SnapshotBytes } from '../adapters/snapshot-bytes.ts';
import { otherClusterOf } from '../core/datastore-members.ts';
import { isTypedBack, restoreLoss } from '../core/restore-loss.ts';
import { restoring } from '../core/restoring.ts';
import type { Controller } from '../runtime/controller.ts';
import type { FleetLog } from '../runtime/fleet-log.ts';
import type { FleetState } from '../runtime/fleet-state.ts';
import { freezeRestore, type RestoreParty, restoreParty } from '../runtime/freeze-restore.ts';
import { newRolloutId } from '../runtime/rollout-id.ts';
import type { SnapshotLog } from '../runtime/snapshot-log.ts';
import { badRequest, notFound, refused } from './api-error.ts';
import { type Gate, unary } from './unary.ts';

export interface RestoreApiParts {
  readonly state: FleetState;
  readonly log: FleetLog;
  readonly controller: Controller;
  readonly random: Random;
  readonly clock: Clock;
  readonly artifacts: Pick<ArtifactFolder, 'find'>;
  readonly bytes: SnapshotBytes;
  readonly snapshots: Pick<SnapshotLog, 'of'>;
}

/** Hosts of a small cluster are through with it within a minute or two; a large datastore takes its time to be read anew. */
const WAIT_DEFAULT_MS = 10 * 60_000;
const WAIT_MIN_MS = 30_000;
const WAIT_MAX_MS = 6 * 3_600_000;

/** A datastore is restored by a command of its own, by an admin who types back what that loses (DESIGN 3.5). */
export function restoreHandlers(gate: Gate, parts: RestoreApiParts): Pick<FleetHandlers, 'PlanRestore' | 'StartRestore'> {
  const { state, log, controller, random, clock, artifacts, bytes } = parts;
  return {
    PlanRestore: unary(gate, { role: 'admin', action: null }, async ({ choice, apiServers }) => {
      const { record, party, problems } = await planned(parts, choice, apiServers);
      const { text, revisions } = lossOf(parts, record);
      return {
        snapshot: toSnapshotMessage(record),
        lost: text,
        ...(revisions === null ? {} : { lostRevisions: revisions }),
        hosts: party.hosts.map(({ node, member, recipient }) => ({ node, member: member?.name ?? '', recipient })),
        apiServers: [...party.apiServers],
        header: record.sealed === null ? Buffer.alloc(0) : ((await bytes.start(record.sealed.digest, HEADER_MAX_BYTES)) ?? Buffer.alloc(0)),
        problems: [...problems],
      };
    }),

    StartRestore: unary(gate, { role: 'admin', action: 'snapshot restore', object: ({ choice }) => `${choice?.cluster} ${choice?.snapshot || choice?.described?.id}`, detail: ({ lost }, response) => `${response === null ? '' : `${response.rollout}, `}typed back as lost: ${lost}` }, async ({ choice, apiServers, lost, keys, tool, waitMs }, who) => {
      return await controller.command(async () => {
        const { record, party, problems } = await planned(parts, choice, apiServers);
        if (problems.length > 0) throw refused(problems.join('; '));
        if (!isTypedBack(lost, record, clock.wallUnixMs())) throw refused(`nothing was started: what is lost has to be typed back as it is, which is ${lossOf(parts, record).text} now`);
        const order = { record, keys: keysFor(record, party, keys), tool: await toolFrom(artifacts, tool), apiServers, lost, waitMs: waitFrom(waitMs) };
        const rollout = newRolloutId(random, `restore-${record.plain.digest.slice(0, 8)}`);
        await log.rolloutNow(rollout, { type: 'started', frozen: freezeRestore(party, { ...order, token: rollout }), by: who.name });
        return { rollout };
      });
    }),
  };

  function lossOf({ snapshots }: RestoreApiParts, record: SnapshotRecord) {
    const known = snapshots.of(record.cluster).snapshots.map((each) => Math.max(each.record.revision, each.record.look?.revision ?? 0));
    return restoreLoss(record, known.length === 0 ? null : Math.max(...known), clock.wallUnixMs());
  }

  async function planned(own: RestoreApiParts, choice: RestoreChoice__Output | null, apiServers: readonly string[]): Promise<{ readonly record: SnapshotRecord; readonly party: RestoreParty; readonly problems: readonly string[] }> {
    const record = recordOf(own, choice);
    if (apiServers.length > API_SERVERS_MAX || !apiServers.every((url) => HTTPS_URL_PATTERN.test(url))) throw badRequest('an API server is named as https://HOST:PORT');
    const party = restoreParty(record.cluster, record, [...state.nodes.values()], apiServers);
    return { record, party, problems: [...party.problems, ...(await problemsWith(own, record))] };
  }
}

function recordOf({ snapshots, state }: RestoreApiParts, choice: RestoreChoice__Output | null): SnapshotRecord {
  if (choice === null || choice.cluster === '') throw badRequest('the request names no cluster');
  if (choice.described !== null) {
    const check = new FieldCheck();
    const record = fromSnapshotMessage(choice.described, 'snapshot', check);
    if (check.error !== null) throw badRequest(`the record of the snapshot cannot be used: ${check.error.field} ${check.error.message}`);
    if (record.cluster !== choice.cluster && [...state.nodes.values()].some((view) => view.record.cluster === record.cluster)) throw refused(`nothing was started: the record says that the snapshot is of cluster ${record.cluster}, and the datastore of ${choice.cluster} was to be put back to it`);
    return { ...record, cluster: choice.cluster };
  }
  const found = snapshots.of(choice.cluster).snapshots.find(({ record }) => record.id === choice.snapshot);
  if (found === undefined) throw notFound(`snapshot of cluster ${choice.cluster}`, choice.snapshot, `farrier snapshot ls ${choice.cluster}`);
  return found.record;
}

async function problemsWith({ artifacts, bytes, state }: RestoreApiParts, record: SnapshotRecord): Promise<readonly string[]> {
  const { datastore, version, plain, sealed, cluster } = record;
  const other = restoring(state.rollouts.values()).get(cluster);
  const owner = otherClusterOf(state, record);
  return [
    ...(owner === null ? [] : [`it was taken of the datastore that cluster ${owner} runs on, and not ${cluster}; check which snapshot and which cluster are meant`]),
    ...(other === undefined ? [] : [`rollout ${other} restores the datastore of ${cluster} already; end it first: farrier rollout abort ${other}`]),
    ...((datastore === 'etcd' ? ETCD_VERSION_PATTERN : K3S_VERSION_PATTERN).test(version) ? [] : [`it was taken from ${datastore === 'etcd' ? 'etcd' : 'K3s'} ${version}, of which nothing is known here`]),
    ...(sealed === null || (await bytes.sizeOf(sealed.digest)) === sealed.sizeBytes ? [] : [`its bytes, sha256 ${sealed.digest}, are not on the coordinator; wait for the host that took it to send them, or add them: farrier artifact add FILE`]),
    // Every node may fetch every artifact, and a plain snapshot holds all of a cluster's secrets.
    ...(sealed === null && (await artifacts.find(plain.digest)) !== null ? [`it is not sealed, and lies on the coordinator where every node can fetch it; remove it: farrier artifact remove ${plain.digest}`] : []),
  ];
}

function keysFor({ sealed }: SnapshotRecord, { hosts }: RestoreParty, keys: readonly { readonly node: string; readonly stanza: string }[]): ReadonlyMap<string, string> {
  if (sealed === null) return new Map();
  const given = new Map(keys.map(({ node, stanza }) => [node, stanza] as const));
  for (const { node } of hosts) if (!STANZA_LINE_PATTERN.test(given.get(node) ?? '')) throw badRequest(`the snapshot is sealed, and its key was not handed over for ${node}`);
  return given;
}

async function toolFrom(artifacts: Pick<ArtifactFolder, 'find'>, tool: ArtifactRef | null): Promise<ArtifactRef | null> {
  if (tool === null) return null;
  const stored = await artifacts.find(tool.sha256);
  if (stored === null) throw notFound('artifact', tool.sha256, 'farrier artifact ls');
  return { sha256: stored.sha256, size: stored.size };
}

function waitFrom(waitMs: number): number {
  if (waitMs === 0) return WAIT_DEFAULT_MS;
  if (waitMs < WAIT_MIN_MS || waitMs > WAIT_MAX_MS) throw badRequest(`hosts wait for one another from ${WAIT_MIN_MS / 1000} s to ${WAIT_MAX_MS / 3_600_000} h`);
  return waitMs;
}
