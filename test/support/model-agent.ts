import { randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { enroll } from '../../agent/identity/enroll.ts';
import { type AgentIdentity, loadIdentity } from '../../agent/identity/load-identity.ts';
import { serveSession, type SessionHost } from '../../agent/link/session.ts';
import type { HostFacts } from '../../shared/domain/host-facts.ts';
import { type JournalRecord, OK, type Outcome, type RecordKind, WHOLE_SEQUENCE } from '../../shared/domain/journal-record.ts';
import { systemClock } from '../../shared/ports/system-clock.ts';
import { type AssignmentSpec, decodeAssignment } from '../../shared/wire/assignment-codec.ts';
import { toFactsMessage } from '../../shared/wire/facts-codec.ts';
import type { AgentMessage, CoordinatorMessage__Output } from '../../shared/wire/messages.ts';
import { decodePermit } from '../../shared/wire/permit-codec.ts';

const POLL_MS = 10;

/**
 * An agent with the real enrollment and the real link, whose host is a few numbers: it journals what a real one would,
 * and takes `workMs` for the work. For tests of the coordinator, where no host is needed.
 */
export class ModelAgent implements SessionHost {
  readonly node: string;
  readonly #identity: AgentIdentity;
  readonly #journalId = randomUUID();
  readonly #bootId = randomUUID();
  readonly records: JournalRecord[] = [];
  readonly #assignments = new Map<number, AssignmentSpec>();
  readonly workMs: number;
  /** What the host ends with; `ok` ends with done, anything else with reverted. */
  outcome: Outcome = OK;
  isDown = false;
  readonly #listeners = new Set<() => void>();
  readonly #factsListeners = new Set<(facts: NonNullable<AgentMessage['facts']>) => void>();
  #requestId = '';
  #stop = new AbortController();
  #serving: Promise<void> = Promise.resolve();

  private constructor(node: string, identity: AgentIdentity, workMs: number) {
    this.node = node;
    this.#identity = identity;
    this.workMs = workMs;
  }

  static async enrolled(node: string, order: { readonly enrollAddress: string; readonly token: string; readonly caHash: string; readonly workMs?: number }): Promise<ModelAgent> {
    const stateDir = await mkdtemp(join(tmpdir(), 'farrier-model-'));
    const { enrollAddress, token, caHash } = order;
    const enrolled = await enroll({ enrollAddress, token, caHash, name: node, machineId: '', stateDir, force: false, clock: systemClock }, AbortSignal.timeout(20_000));
    if (!enrolled.ok) throw new Error(enrolled.message);
    const loaded = await loadIdentity(stateDir);
    if (!loaded.ok) throw new Error(loaded.message);
    return new ModelAgent(node, loaded.identity, order.workMs ?? 20);
  }

  /** Dials until disconnect(); a session that ends is dialled again at once. */
  connect(address = this.#identity.linkAddress): void {
    const stop = new AbortController();
    this.#stop = stop;
    const { caPem, keyPem, certificatePem } = this.#identity;
    const target = { address, caPem: Buffer.from(caPem), keyPem: Buffer.from(keyPem), certificatePem: Buffer.from(certificatePem) };
    this.#serving = (async () => {
      while (!stop.signal.aborted) {
        await serveSession(target, this, stop.signal);
        if (!stop.signal.aborted) await systemClock.sleep(50);
      }
    })();
  }

  async disconnect(): Promise<void> {
    this.#stop.abort();
    await this.#serving;
  }

  get highestEpoch(): number {
    return Math.max(0, ...this.records.map((record) => record.epoch));
  }

  hello(): AgentMessage['hello'] {
    return {
      ...{ agentVersion: 'model', bootId: this.#bootId, journalId: this.#journalId, architecture: 'amd64', osRelease: 'model' },
      journalSequence: this.records.length,
      highestGeneration: Math.max(0, ...this.records.map((record) => record.generation)),
      highestEpoch: this.highestEpoch,
      wallUnixMs: Date.now(),
      stepKinds: ['packages', 'service'],
    };
  }

  opened(): void {}

  heartbeat(): AgentMessage['heartbeat'] {
    return { monotonicMs: systemClock.monotonicMs() };
  }

  journal(): { readonly journalId: string; readonly records: readonly JournalRecord[] } {
    return { journalId: this.#journalId, records: this.records };
  }

  onJournalGrowth(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onFactsChange(listener: (facts: NonNullable<AgentMessage['facts']>) => void): () => void {
    this.#factsListeners.add(listener);
    return () => this.#factsListeners.delete(listener);
  }

  tellFacts(facts: HostFacts): void {
    for (const listener of this.#factsListeners) listener(toFactsMessage(facts));
  }

  async received(message: CoordinatorMessage__Output, reply: (message: AgentMessage) => void): Promise<void> {
    if (message.assignment) this.#assigned(message.assignment.payload);
    if (message.permitOffer) {
      const generation = Number(message.permitOffer.generation);
      const assignment = this.#assignments.get(generation);
      if (assignment === undefined || this.#has(generation, 'permit')) return;
      this.#requestId = randomUUID();
      reply({ permitRequest: { requestId: this.#requestId, rollout: assignment.rollout, generation, digest: assignment.action.digest, bootId: this.#bootId } });
    }
    if (message.permit) await this.#permitted(message.permit.payload);
    if (message.recall) this.#recalled(Number(message.recall.generation));
  }

  #assigned(payload: Uint8Array): void {
    const decoded = decodeAssignment(payload);
    if (!decoded.ok) throw new Error(decoded.error.message);
    const { generation, epoch } = decoded.value;
    if (epoch < this.highestEpoch || this.#assignments.has(generation)) return;
    this.#assignments.set(generation, decoded.value);
    this.#write(generation, 'accepted');
    this.#write(generation, 'stage', OK);
  }

  async #permitted(payload: Uint8Array): Promise<void> {
    const permit = decodePermit(payload);
    if (!permit.ok || permit.value.requestId !== this.#requestId || permit.value.epoch < this.highestEpoch) return;
    const { generation, epoch } = permit.value;
    this.#requestId = '';
    this.#write(generation, 'permit', null, epoch);
    this.#write(generation, 'begin', null, epoch, 0);
    void this.#work(generation, epoch);
  }

  async #work(generation: number, epoch: number): Promise<void> {
    this.isDown = true;
    await systemClock.sleep(this.workMs + POLL_MS);
    this.isDown = false;
    if (this.outcome.code === 'ok') {
      this.#write(generation, 'applied', OK, epoch, 0);
      this.#write(generation, 'verified', OK, epoch, 0);
      this.#write(generation, 'done', OK, epoch);
    } else {
      this.#write(generation, 'applied', this.outcome, epoch, 0);
      this.#write(generation, 'reverting', null, epoch, 0);
      this.#write(generation, 'reverted', OK, epoch, 0);
      this.#write(generation, 'reverted', this.outcome, epoch);
    }
  }

  #recalled(generation: number): void {
    if (this.#has(generation, 'begin') || !this.#assignments.has(generation) || this.#has(generation, 'refused')) return;
    this.#write(generation, 'refused', { code: 'recalled', message: '', object: '' });
  }

  #has(generation: number, kind: RecordKind): boolean {
    return this.records.some((record) => record.generation === generation && record.kind === kind);
  }

  #write(generation: number, kind: RecordKind, outcome: Outcome | null = null, epoch = this.#assignments.get(generation)?.epoch ?? 0, step = WHOLE_SEQUENCE): void {
    const assignment = this.#assignments.get(generation);
    if (assignment === undefined) throw new Error(`no assignment ${generation}`);
    this.records.push({
      ...{ format: 1, journalId: this.#journalId, sequence: this.records.length + 1, kind, rollout: assignment.rollout, generation, epoch },
      ...{ digest: assignment.action.digest, step, stepName: step === WHOLE_SEQUENCE ? '' : 'model', attempt: 1, payloadDigest: '', bootId: this.#bootId },
      ...{ monotonicMs: systemClock.monotonicMs(), wallUnixMs: Date.now(), outcome },
    });
    for (const listener of this.#listeners) listener();
  }
}
