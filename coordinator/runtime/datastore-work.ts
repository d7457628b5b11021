import { parseRecipient } from '../../shared/age/age-keys.ts';
import { type DrillCode, type DrillRecord, drillEnd } from '../../shared/domain/drill.ts';
import type { NodeName } from '../../shared/domain/ids.ts';
import type { ProofRecord } from '../../shared/domain/proof-record.ts';
import type { SnapshotAction, SnapshotOutcome } from '../../shared/domain/snapshot-command.ts';
import { newestFirst, type SnapshotId, type SnapshotRecord } from '../../shared/domain/snapshot.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Logger } from '../../shared/ports/logger.ts';
import { failure, type Failure } from '../../shared/trust/failure.ts';
import { chooseProver, type EtcdTools, type Prover } from '../core/choose-prover.ts';
import { chooseTaker, type Taker } from '../core/choose-taker.ts';
import type { CataloguedSnapshot } from '../core/cluster-snapshots.ts';
import { etcdMinor, snapshotOf } from '../core/datastore-members.ts';
import { newestPossible } from '../core/datastore-proved.ts';
import { hasCopy } from '../core/has-copy.ts';
import type { DatastoreProof, ProofResult, ProvedSnapshot } from '../ports/datastore-proof.ts';
import type { SnapshotAgents } from '../ports/snapshot-agents.ts';
import type { FleetState } from './fleet-state.ts';
import type { SnapshotLog } from './snapshot-log.ts';
import type { Say, WorkOnClusters } from './work-on-clusters.ts';

type WorkCode = Exclude<ProofResult, { readonly ok: true }>['code'];

export type TakeResult = { readonly ok: true; readonly snapshot: CataloguedSnapshot; readonly warning: string } | Failure<WorkCode>;

export interface DatastoreWorkParts {
  readonly state: FleetState;
  readonly log: SnapshotLog;
  readonly agents: SnapshotAgents;
  readonly clusters: WorkOnClusters;
  /** Programs of etcd's that this coordinator has for hosts. */
  readonly tools: () => Promise<EtcdTools>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What this coordinator has hosts do about datastores: snapshots, proofs and drills. One thing a cluster at a time. */
export class DatastoreWork implements DatastoreProof {
  readonly #parts: DatastoreWorkParts;
  /** Provers whose last proof came to nothing: else a broken host would be chosen again for ever. */
  readonly #failed = new Set<NodeName>();

  constructor(parts: DatastoreWorkParts) {
    this.#parts = parts;
  }

  async newest(cluster: string): Promise<ProvedSnapshot | null> {
    const { state, log, clock } = this.#parts;
    const { snapshots, proofs } = log.of(cluster);
    const proved = snapshots.flatMap((each) => {
      const proof = proofs.get(each.record.plain.digest);
      return proof === undefined ? [] : [provedOf(each, proof)];
    });
    // One of a clock that ran ahead would be the newest for as long as that was.
    const possible = proved.filter(({ takenUnixMs }) => takenUnixMs <= newestPossible(state, clock.wallUnixMs()));
    return possible.toSorted((a, b) => b.takenUnixMs - a.takenUnixMs || b.revision - a.revision)[0] ?? null;
  }

  async obstacle(cluster: string): Promise<string> {
    const taker = chooseTaker(this.#parts.state, cluster, null);
    if (typeof taker === 'string') return taker;
    const prover = await this.#proverFor(taker, cluster);
    return typeof prover === 'string' ? prover : '';
  }

  async prove(cluster: string, signal: AbortSignal, listener?: Say): Promise<ProofResult> {
    return await this.#parts.clusters.run(cluster, (say) => this.#prove(cluster, say, signal), messageOf, listener);
  }

  /** Takes one and brings it here. @param named null: whoever can best */
  async take(cluster: string, named: NodeName | null, signal: AbortSignal, listener?: Say): Promise<TakeResult> {
    return await this.#parts.clusters.run(cluster, (say) => this.#take(cluster, named, say, signal), messageOf, listener);
  }

  /** Proves one that lies here already. @param id null: the newest that a host can open */
  async proveCopy(cluster: string, id: SnapshotId | null, signal: AbortSignal, listener?: Say): Promise<ProofResult> {
    const proved = await this.#parts.clusters.run(cluster, (say) => this.#proveCopy(cluster, id, say, signal), messageOf, listener);
    return proved.ok ? { ok: true, snapshot: provedOf(proved.snapshot, proved.proof) } : { ...proved, code: proved.code === 'no-copy' ? 'snapshot-failed' : proved.code };
  }

  /** The newest copy that lies off its host is brought back on a prover; what that took is kept, also where it did not go well. */
  async drill(cluster: string, by: string, signal: AbortSignal, listener?: Say): Promise<DrillRecord> {
    const { clusters, clock, log } = this.#parts;
    const beganUnixMs = clock.wallUnixMs();
    const drilled = await clusters.run(cluster, (say) => this.#proveCopy(cluster, null, say, signal), messageOf, listener);
    const end = drilled.ok
      ? drillEnd({ snapshot: drilled.snapshot.record.id, prover: drilled.proof.prover, fetchMs: drilled.fetchMs, phasesMs: drilled.proof.phasesMs, takenUnixMs: drilled.snapshot.record.takenUnixMs }, beganUnixMs)
      : { ok: false as const, code: DRILL_CODE[drilled.code], message: drilled.message };
    const drill: DrillRecord = { cluster, beganUnixMs, by, end };
    await log.append(cluster, () => [{ type: 'drilled', drill }]);
    return drill;
  }

  async #prove(cluster: string, say: Say, signal: AbortSignal): Promise<ProofResult> {
    signal.throwIfAborted();
    const taker = chooseTaker(this.#parts.state, cluster, null);
    if (typeof taker === 'string') return failure('snapshot-failed', taker);
    const prover = await this.#proverFor(taker, cluster);
    if (typeof prover === 'string') return failure('no-prover', prover);
    const atOnce = prover.node === taker.node;
    const taken = await this.#takeOn(taker, cluster, { recipients: atOnce ? [] : [prover.recipient], prove: atOnce }, say, signal);
    if (!taken.ok) return taken;
    if (atOnce) return this.#provedResult(taken.snapshot);
    const sent = await this.#send(taken.snapshot, say, signal);
    if (!sent.ok) return sent;
    const proved = await this.#proveOn(prover, sent.snapshot, say, signal);
    return proved.ok ? { ok: true, snapshot: provedOf(proved.snapshot, proved.proof) } : proved;
  }

  async #take(cluster: string, named: NodeName | null, say: Say, signal: AbortSignal): Promise<TakeResult> {
    const taker = chooseTaker(this.#parts.state, cluster, named);
    if (typeof taker === 'string') return failure('snapshot-failed', taker);
    // So that it can be proved later; where nobody can, it is taken all the same.
    const prover = await this.#proverFor(taker, cluster);
    const recipients = typeof prover === 'string' || prover.node === taker.node ? [] : [prover.recipient];
    const taken = await this.#takeOn(taker, cluster, { recipients, prove: false }, say, signal);
    if (!taken.ok) return taken;
    const { record } = taken.snapshot;
    const unprovable = typeof prover === 'string' ? `nobody can prove it: ${prover}` : '';
    if (record.sealed === null) return { ...taken, warning: 'it is not sealed, so it stays on its host: name recipients in the policy (snapshots.recipients) or in agent.yaml' };
    const sent = await this.#send(taken.snapshot, say, signal);
    return sent.ok ? { ok: true, snapshot: sent.snapshot, warning: unprovable } : sent;
  }

  async #proverFor({ node, datastore, minor }: Taker, cluster: string): Promise<Prover | string> {
    const { state, log, tools } = this.#parts;
    // What is yet to be taken is about as large as what was taken before.
    const [before] = newestFirst(log.of(cluster).snapshots.map(({ record }) => record));
    return chooseProver(state, { cluster, taker: node, datastore, minor, sizeBytes: before?.plain.sizeBytes ?? 0, tools: await tools(), failed: this.#failed, canOpen: () => true });
  }

  async #takeOn({ node }: Taker, cluster: string, { recipients, prove }: { readonly recipients: readonly string[]; readonly prove: boolean }, say: Say, signal: AbortSignal): Promise<TakeResult> {
    const { state, log, clock } = this.#parts;
    const sealedFor = [...new Set([...state.policy.snapshots.recipients, ...recipients])];
    const beganUnixMs = clock.wallUnixMs();
    const outcome = await this.#order(node, { kind: 'take', cluster, recipients: sealedFor, prove }, prove ? { cluster, digest: null } : null, `takes a snapshot on ${node}`, say, signal);
    const record = outcome.ok ? outcome.outcome.snapshot : null;
    if (!outcome.ok) return { ...outcome, code: outcome.code === 'no-prover' && !prove ? 'snapshot-failed' : outcome.code };
    const snapshot = log.of(cluster).snapshots.find((each) => each.node === node && each.record.plain.digest === record?.plain.digest);
    if (record === null || snapshot === undefined) return failure('snapshot-failed', `${node} says that it took a snapshot and names none`);
    const limitMs = state.policy.clockLimitMs;
    // I8 counts from this moment: a clock that runs ahead would make a snapshot young for ever.
    if (record.takenUnixMs > clock.wallUnixMs() + limitMs || record.takenUnixMs < beganUnixMs - limitMs) return failure('snapshot-failed', `the snapshot of ${node} says that it was taken at ${new Date(record.takenUnixMs).toISOString()}: the clocks of that host and this coordinator disagree`);
    return { ok: true, snapshot, warning: '' };
  }

  async #send({ node, record }: CataloguedSnapshot, say: Say, signal: AbortSignal): Promise<{ readonly ok: true; readonly snapshot: CataloguedSnapshot } | Failure<WorkCode>> {
    const outcome = await this.#order(node, { kind: 'send', snapshot: record.id }, null, `${node} sends snapshot ${record.id}`, say, signal);
    if (!outcome.ok) return { ...outcome, code: 'snapshot-failed' };
    const snapshot = this.#parts.log.of(record.cluster).snapshots.find((each) => each.node === node && each.record.id === record.id);
    return snapshot !== undefined && hasCopy(snapshot.record, 'coordinator') ? { ok: true, snapshot } : failure('snapshot-failed', `${node} says that it sent snapshot ${record.id}, and it is not here`);
  }

  async #proveCopy(cluster: string, id: SnapshotId | null, say: Say, signal: AbortSignal): Promise<Proved | Failure<WorkCode | 'no-copy'>> {
    signal.throwIfAborted();
    const { log, state, tools } = this.#parts;
    const here = log.of(cluster).snapshots.filter(({ record }) => hasCopy(record, 'coordinator') && (id === null || record.id === id));
    if (here.length === 0) return failure('no-copy', id === null ? `no snapshot of cluster ${cluster} lies off its hosts; take one: farrier snapshot take ${cluster}` : `no copy of snapshot ${id} of cluster ${cluster} lies on this coordinator; farrier snapshot ls`);
    const etcdTools = await tools();
    let why = '';
    for (const record of newestFirst(here.map((each) => each.record))) {
      const snapshot = here.find((each) => each.record === record);
      if (snapshot === undefined) throw new Error('a snapshot that was found is not there');
      const prover = chooseProver(state, { cluster, taker: snapshot.node, datastore: record.datastore, minor: record.datastore === 'etcd' ? etcdMinor(record.version) : null, sizeBytes: record.plain.sizeBytes, tools: etcdTools, failed: this.#failed, canOpen: (recipient) => isSealedFor(record, recipient) });
      if (typeof prover !== 'string') return await this.#proveOn(prover, snapshot, say, signal);
      why ||= prover;
    }
    return failure('no-prover', why);
  }

  async #proveOn(prover: Prover, snapshot: CataloguedSnapshot, say: Say, signal: AbortSignal): Promise<Proved | Failure<WorkCode>> {
    const { record } = snapshot;
    const { cluster } = record;
    const before = this.#parts.log.of(cluster).proofs.get(record.plain.digest);
    const outcome = await this.#order(prover.node, { kind: 'prove', snapshot: record, tools: prover.tools }, { cluster, digest: record.plain.digest }, `${prover.node} proves snapshot ${record.id}`, say, signal);
    this.#failed.delete(prover.node);
    this.#failed.add(prover.node);
    if (!outcome.ok) return outcome;
    const proof = this.#parts.log.of(cluster).proofs.get(record.plain.digest);
    if (proof !== undefined && proof !== before) this.#failed.delete(prover.node);
    return proof === undefined || proof === before ? failure('no-prover', `${prover.node} says that it proved snapshot ${record.id} and sent no proof`) : { ok: true, snapshot, proof, fetchMs: outcome.outcome.fetchMs };
  }

  /** @param proof what the answer has to prove: durable before it is ordered */
  async #order(node: NodeName, action: SnapshotAction, proof: { readonly cluster: string; readonly digest: string | null } | null, doing: string, say: Say, signal: AbortSignal): Promise<{ readonly ok: true; readonly outcome: SnapshotOutcome } | Failure<WorkCode>> {
    const { agents, log, logger } = this.#parts;
    signal.throwIfAborted();
    say(doing);
    const id = agents.newId();
    if (proof !== null) await log.append(proof.cluster, () => [{ type: 'proof-ordered', command: id, prover: node, digest: proof.digest }]);
    const answer = await agents.order(node, { id, action }, (progress) => say(`${doing}: ${progress.doing}`), signal);
    if ('ok' in answer) return failure('no-prover', answer.message);
    if (answer.code === 'ok') return { ok: true, outcome: answer };
    logger.warn('snapshot command failed', { node, action: action.kind, code: answer.code, why: answer.message });
    return failure(WORK_CODE[answer.code], `${node}: ${answer.message}`);
  }

  #provedResult(snapshot: CataloguedSnapshot): ProofResult {
    const { record } = snapshot;
    const proof = this.#parts.log.of(record.cluster).proofs.get(record.plain.digest);
    return proof === undefined ? failure('no-prover', `snapshot ${record.id} was taken, and no proof came with it`) : { ok: true, snapshot: provedOf(snapshot, proof) };
  }
}

interface Proved {
  readonly ok: true;
  readonly snapshot: CataloguedSnapshot;
  /** Made by this order: another may have been there before. */
  readonly proof: ProofRecord;
  readonly fetchMs: number;
}

/** What a command's end is to whoever wanted a proof: of the snapshot, or of those who should have made one. */
const WORK_CODE = {
  refused: 'no-prover', running: 'no-prover', interrupted: 'no-prover', 'no-prover': 'no-prover',
  'not-found': 'snapshot-failed', 'send-failed': 'snapshot-failed', 'snapshot-failed': 'snapshot-failed',
  'restore-failed': 'restore-failed', mismatch: 'mismatch',
} as const satisfies Record<Exclude<SnapshotOutcome['code'], 'ok'>, WorkCode>;

const DRILL_CODE: Readonly<Record<WorkCode | 'no-copy', DrillCode>> = { 'no-copy': 'no-copy', 'no-prover': 'no-prover', 'snapshot-failed': 'failed', 'restore-failed': 'failed', mismatch: 'failed' };

/** The moment is the one that was proved: the host that has it may tell another one afterwards. */
function provedOf(snapshot: CataloguedSnapshot, { snapshot: { takenUnixMs, revision } }: ProofRecord): ProvedSnapshot {
  const { cluster, datastore, plain } = snapshot.record;
  return { cluster, datastore, of: snapshotOf(snapshot), digest: plain.digest, takenUnixMs, revision };
}

function isSealedFor({ sealed }: SnapshotRecord, recipient: string): boolean {
  const parsed = parseRecipient(recipient);
  return sealed !== null && parsed.ok && sealed.recipients.includes(parsed.recipient.fingerprint);
}

function messageOf(result: { readonly ok: true } | Failure<string>): string | null {
  return result.ok ? null : result.message;
}
