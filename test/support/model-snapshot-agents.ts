import { createHash, createPublicKey } from 'node:crypto';

import type { SnapshotAgents } from '../../coordinator/ports/snapshot-agents.ts';
import type { FleetState } from '../../coordinator/runtime/fleet-state.ts';
import { SnapshotCopies } from '../../coordinator/runtime/snapshot-copies.ts';
import { SnapshotIntake } from '../../coordinator/runtime/snapshot-intake.ts';
import type { SnapshotLog } from '../../coordinator/runtime/snapshot-log.ts';
import { parseRecipient } from '../../shared/age/age-keys.ts';
import type { ProofRecord } from '../../shared/domain/proof-record.ts';
import type { SnapshotAction, SnapshotCode, SnapshotOutcome } from '../../shared/domain/snapshot-command.ts';
import type { SnapshotRecord } from '../../shared/domain/snapshot.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import { generateCertificateKey } from '../../shared/trust/create-csr.ts';
import { signSnapshotProof } from '../../shared/trust/snapshot-proof.ts';
import { decode, encode, farrier } from '../../shared/wire/protocol.ts';
import { toOutcomeMessage } from '../../shared/wire/snapshot-report-codec.ts';
import { exampleProofRecord } from './example-proof-record.ts';
import { exampleSnapshot } from './example-snapshot.ts';
import { silentLogger } from './silent-logger.ts';

/** What an order was, as far as tests look at it. */
export interface SeenOrder {
  readonly node: string;
  readonly action: SnapshotAction;
}

/**
 * Hosts that do at once what they are ordered, whose datastores are numbers. What they answer goes through the real intake, with
 * proofs that are really signed; `lie` changes a proof before it is signed, or who signs it.
 */
export class ModelSnapshotAgents implements SnapshotAgents {
  readonly orders: SeenOrder[] = [];
  readonly suspects: string[] = [];
  readonly copies: SnapshotCopies;
  lie: (proof: ProofRecord) => ProofRecord = (proof) => proof;
  signAs: string | null = null;
  /** Provers say that all went well, and send no proof. */
  provesNothing = false;
  /** Of all hosts, before that of the coordinator. */
  clocksAheadMs = 0;
  /** Copies whose files somebody removed. */
  readonly gone = new Set<string>();
  /** Copies that the coordinator deleted. */
  readonly removed: string[] = [];
  /** The next order of that kind ends so. */
  failNext: { readonly kind: SnapshotAction['kind']; readonly code: Exclude<SnapshotCode, 'ok'> } | null = null;
  readonly #state: FleetState;
  readonly #clock: Clock;
  readonly #log: SnapshotLog;
  readonly #revisions = new Map<string, number>();
  readonly #keys = new Map<string, string>();
  #count = 0;
  #last: readonly [node: string, outcome: SnapshotOutcome, proof: ProofRecord | null] | null = null;

  constructor(state: FleetState, log: SnapshotLog, clock: Clock) {
    this.#state = state;
    this.#clock = clock;
    this.#log = log;
    const folder = { offsetOf: async (sha256: string) => ({ offset: 1, whole: !this.gone.has(sha256) }), remove: async (sha256: string) => void this.removed.push(sha256), removeParts: async () => undefined };
    this.copies = new SnapshotCopies({ state, log, folder, clock, logger: silentLogger });
  }

  write(cluster: string): void {
    this.#revisions.set(cluster, this.#revision(cluster) + 1);
  }

  newId(): string {
    this.#count += 1;
    return this.#count.toString(16).padStart(32, '0');
  }

  async order(node: string, { id, action }: { readonly id: string; readonly action: SnapshotAction }, onProgress: (progress: { readonly command: string; readonly doing: string }) => void, signal: AbortSignal): Promise<SnapshotOutcome> {
    signal.throwIfAborted();
    this.orders.push({ node, action });
    onProgress({ command: id, doing: 'at it' });
    const failing = this.failNext?.kind === action.kind ? this.failNext : null;
    if (failing !== null) {
      this.failNext = null;
      return { command: id, code: failing.code, message: 'as the test said', snapshot: null, fetchMs: 0 };
    }
    switch (action.kind) {
      case 'take': {
        const record = this.#taken(node, action);
        return await this.#tell(node, { command: id, code: 'ok', message: '', snapshot: record, fetchMs: 0 }, action.prove ? this.#proof(node, action.cluster, record) : null);
      }
      case 'send': {
        const { cluster } = this.#state.nodes.get(node)!.record;
        const snapshot = this.#log.of(cluster).snapshots.find((each) => each.node === node && each.record.id === action.snapshot);
        if (snapshot !== undefined) await this.copies.arrived(snapshot);
        break;
      }
      case 'prove':
        return await this.#tell(node, { command: id, code: 'ok', message: '', snapshot: null, fetchMs: 40 }, this.provesNothing ? null : this.#proof(node, action.snapshot.cluster, action.snapshot));
      case 'delete':
        break;
    }
    return { command: id, code: 'ok', message: '', snapshot: null, fetchMs: 0 };
  }

  /** The last answer once more, as after a lost acknowledgement. */
  async tellAgain(): Promise<SnapshotOutcome> {
    if (this.#last === null) throw new Error('nothing was told yet');
    return await this.#tell(...this.#last);
  }

  /** Over the wire, as a session would. @returns what the intake made of it */
  async #tell(node: string, outcome: SnapshotOutcome, proof: ProofRecord | null): Promise<SnapshotOutcome> {
    this.#last = [node, outcome, proof];
    const envelope = proof === null ? null : signSnapshotProof(proof, this.#keyOf(this.signAs ?? node));
    const message = decode(farrier.SnapshotOutcome, encode(farrier.SnapshotOutcome, toOutcomeMessage(outcome, envelope)));
    let judged = outcome;
    const commands = { progressed: () => undefined, refused: () => undefined, answered: (_node: string, told: SnapshotOutcome) => ((judged = told), true) };
    const intake = new SnapshotIntake({ state: this.#state, log: this.#log, commands, logger: silentLogger, suspect: (name, code) => void this.suspects.push(`${name} ${code}`) });
    await intake.outcome(node, message, createPublicKey(this.#keyOf(node)));
    return judged;
  }

  #taken(node: string, { cluster, recipients }: Extract<SnapshotAction, { readonly kind: 'take' }>): SnapshotRecord {
    this.#count += 1;
    const digest = createHash('sha256').update(`${cluster} ${this.#revision(cluster)} ${this.#count}`).digest('hex');
    const fingerprints = recipients.flatMap((text) => {
      const parsed = parseRecipient(text);
      return parsed.ok ? [parsed.recipient.fingerprint] : [];
    });
    const sealed = recipients.length === 0 ? null : { digest: createHash('sha256').update(digest).digest('hex'), sizeBytes: 900, recipients: fingerprints };
    return exampleSnapshot({ id: `s${this.#count}`, cluster, revision: this.#revision(cluster), takenUnixMs: this.#clock.wallUnixMs() + this.clocksAheadMs, plain: { digest, sizeBytes: 20_512 }, sealed, copies: [], member: { id: '1', name: node } });
  }

  #proof(node: string, cluster: string, { id, plain, revision, takenUnixMs }: SnapshotRecord): ProofRecord {
    return this.lie({ ...exampleProofRecord(), fleet: this.#state.fleet, cluster, prover: node, snapshot: { id, digest: plain.digest, revision, takenUnixMs }, provedUnixMs: this.#clock.wallUnixMs() });
  }

  #revision(cluster: string): number {
    return this.#revisions.get(cluster) ?? 1;
  }

  #keyOf(node: string): string {
    const key = this.#keys.get(node) ?? generateCertificateKey();
    this.#keys.set(node, key);
    return key;
  }
}
