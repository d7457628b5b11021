import { randomUUID } from 'node:crypto';

import type { Outcome } from '../shared/domain/journal-record.ts';
import type { StepKind } from '../shared/domain/step-spec.ts';
import type { Envelope } from '../shared/trust/envelope.ts';
import { toFactsMessage } from '../shared/wire/facts-codec.ts';
import type { AgentMessage, CoordinatorMessage__Output } from '../shared/wire/messages.ts';
import type { BootFacts } from './adapters/host-facts.ts';
import { readHostFigures } from './adapters/host-figures.ts';
import type { PermitQuestion } from './core/admit-permit.ts';
import { diskFullOutcome, isDiskFull, isReadOnly, readOnlyOutcome } from './core/disk-full.ts';
import { highestSeen } from './core/highest-seen.ts';
import type { JournalError } from './core/journal-error.ts';
import { openAssignment } from './core/progress.ts';
import { storeTrust } from './identity/trust-store.ts';
import type { FactsWatch } from './facts/facts-watch.ts';
import { forgetLinkFailure } from './link/link-failure.ts';
import type { SessionHost } from './link/session.ts';
import type { OpenHost } from './open-host.ts';
import type { SnapshotDuty } from './snapshots/commands/snapshot-duty.ts';
import type { WorkUnits } from './ports/work-units.ts';
import { acceptAssignment } from './runner/accept-assignment.ts';
import type { JournalReader } from './runner/journal-reader.ts';
import { readProved, writeProved } from './runner/proved-version.ts';
import { recallAssignment } from './runner/recall-assignment.ts';
import { recordPermit } from './runner/record-permit.ts';
import { WorkDriver } from './runner/work-driver.ts';

/** A kind that is forgotten here does not compile; the executors themselves would cost the agent memory. */
const STEP_KINDS = Object.keys({
  packages: true,
  service: true,
  files: true,
  sysctl: true,
  modules: true,
  hook: true,
  reboot: true,
  kubeadm: true,
  kubelet: true,
  kubeadm_certs: true,
  kubelet_config: true,
  k3s: true, agent_upgrade: true, containerd: true, images: true, cri_probe: true, kubelet_runtime: true, k3s_runtimes: true,
  stop_control_plane: true, restore_datastore: true, start_datastore: true, start_control_plane: true, restore_k3s: true,
  etcd_upgrade: true, etcd_defragment: true, etcd_disarm: true,
} satisfies Record<StepKind, true>);

type Reply = (message: AgentMessage) => void;

/** What the agent is between its journal, its work units and the coordinator. Remembers only the question it has open. */
export class LiveAgent implements SessionHost {
  readonly #host: OpenHost;
  readonly #reader: JournalReader;
  readonly #units: WorkUnits;
  readonly #driver: WorkDriver;
  readonly #boot: BootFacts;
  readonly #facts: FactsWatch;
  readonly #version: string;
  readonly #snapshots: SnapshotDuty | null;
  /** Generation that the host worked on when last looked at; 0 for none. */
  #working = 0;
  #question: PermitQuestion | null = null;

  constructor(host: OpenHost, reader: JournalReader, units: WorkUnits, boot: BootFacts, facts: FactsWatch, version: string, snapshots: SnapshotDuty | null = null) {
    this.#host = host;
    this.#reader = reader;
    this.#units = units;
    this.#driver = new WorkDriver(units, host);
    this.#boot = boot;
    this.#facts = facts;
    this.#version = version;
    this.#snapshots = snapshots;
  }

  hello(): AgentMessage['hello'] {
    this.#reader.refresh();
    const { records, journalId } = this.#reader;
    const { generation, epoch } = highestSeen(records);
    const { machineId, osRelease, kernel, architecture } = this.#boot;
    const { facts } = this.#facts;
    return {
      ...{ agentVersion: this.#version, bootId: this.#host.bootId, machineId, osRelease, kernel, architecture, journalId },
      journalSequence: records.at(-1)?.sequence ?? 0,
      highestGeneration: generation,
      highestEpoch: Math.max(epoch, this.#snapshots?.highestEpoch ?? 0),
      trustVersion: this.#host.trust.version,
      stepKinds: STEP_KINDS,
      wallUnixMs: this.#host.clock.wallUnixMs(),
      activeGeneration: openAssignment(records)?.generation ?? 0,
      facts: facts === null ? null : toFactsMessage(facts),
    };
  }

  opened(): void {
    // A question asked in an earlier session is not answered in this one: whoever led then may lead no more.
    this.#question = null;
    const { stateDir, logger } = this.#host;
    logger.info('session open');
    void this.#prove();
    try {
      forgetLinkFailure(stateDir);
    } catch (error) {
      // A disk that became read-only ends no session.
      logger.error('the last failure of the link could not be forgotten', { error });
    }
  }

  /** What an upgrade of the agent waits for. Once a boot: a link that comes and goes writes nothing. */
  async #prove(): Promise<void> {
    const { stateDir, bootId, clock, logger } = this.#host;
    const before = readProved(stateDir);
    if (before?.version === this.#version && before.bootId === bootId) return;
    const proved = { version: this.#version, bootId, wallUnixMs: clock.wallUnixMs() };
    // A full disk ends no session; an upgrade that is not proved goes back.
    await writeProved(stateDir, proved).catch((error: unknown) => logger.error('a session could not be noted', { error }));
  }

  heartbeat(): AgentMessage['heartbeat'] {
    // It beats only in a session; an upgrade that went on after a kill has forgotten what was noted when this one began.
    void this.#prove();
    const activeGeneration = openAssignment(this.#reader.records)?.generation ?? 0;
    return { monotonicMs: this.#host.clock.monotonicMs(), ...readHostFigures(this.#host.stateDir), activeGeneration };
  }

  journal(): { readonly journalId: string; readonly records: JournalReader['records'] } {
    this.#reader.refresh();
    return { journalId: this.#reader.journalId, records: this.#reader.records };
  }

  onJournalGrowth(listener: () => void): () => void {
    return this.#reader.onGrowth(listener);
  }

  onFactsChange(listener: (facts: NonNullable<AgentMessage['facts']>) => void): () => void {
    return this.#facts.onChange((facts) => listener(toFactsMessage(facts)));
  }

  onSnapshotNews(tell: (message: AgentMessage) => void): () => void {
    return this.#snapshots?.onNews(tell) ?? (() => undefined);
  }

  async received(message: CoordinatorMessage__Output, reply: Reply): Promise<void> {
    try {
      await this.#dealWith(message, reply);
    } catch (error) {
      // The sender repeats what was not journaled, so nothing is lost by staying up to say so.
      if (isDiskFull(error)) this.#refuse(reply, diskFullOutcome(error, 'what the coordinator sent could not be written down'));
      else if (isReadOnly(error)) this.#refuse(reply, readOnlyOutcome(error));
      else throw error;
    }
  }

  async #dealWith(message: CoordinatorMessage__Output, reply: Reply): Promise<void> {
    if (message.trust) await this.#trusted(message.trust);
    else if (message.assignment) await this.#assigned(message.assignment, reply);
    else if (message.permitOffer) this.#offered(message.permitOffer.generation, reply);
    else if (message.permit) await this.#permitted(message.permit, reply);
    else if (message.snapshot) await this.#ordered(message.snapshot, reply);
    else if (message.snapshotAck) await this.#snapshots?.acknowledged(message.snapshotAck.command);
    else if (message.recall) await this.#recalled(message.recall.rollout, message.recall.generation, message.recall.reason);
  }

  /**
   * Starts the work unit that the journal calls for, where none runs: after an assignment, a crash, a reboot or a power
   * cut alike. What waits for a permit or a person waits.
   */
  async drive(): Promise<void> {
    this.#reader.refresh();
    if (this.#reader.error !== null) {
      this.#host.logger.error('the journal cannot be trusted; nothing is done', { ...this.#reader.error });
      return;
    }
    this.#refreshAfterWork();
    await this.#driver.drive(this.#reader.records);
    await this.#snapshots?.drive();
  }

  /** What was done to the host may have made it another one. */
  #refreshAfterWork(): void {
    const before = this.#working;
    this.#working = openAssignment(this.#reader.records)?.generation ?? 0;
    if (before !== 0 && before !== this.#working) void this.#facts.refresh();
  }

  async #trusted(envelope: Envelope): Promise<void> {
    const host = this.#host;
    const stored = await storeTrust(host.stateDir, host.identity, envelope, host.clock.wallUnixMs());
    if (stored.ok) host.trust = stored.document;
    else host.logger.warn('trust document refused', { code: stored.code, why: stored.message });
  }

  async #assigned(envelope: Envelope, reply: Reply): Promise<void> {
    const result = await acceptAssignment(envelope, this.#host, this.#snapshots?.highestEpoch);
    switch (result.kind) {
      case 'accepted':
      case 'already':
        return await this.drive();
      case 'refused':
        if (!result.journaled) this.#refuse(reply, result.outcome);
        return;
      case 'busy':
        return this.#host.logger.info('assignment has to wait', { ...result.outcome });
      case 'broken':
        return this.#broken(reply, result.error);
    }
  }

  /** Asks for the permit of what is staged. A question asked anew makes every answer to the one before worthless. */
  #offered(generation: number, reply: Reply): void {
    this.#reader.refresh();
    const open = openAssignment(this.#reader.records);
    if (open?.generation !== generation || !open.staged || open.begun) return;
    const { bootId, clock } = this.#host;
    this.#question = { requestId: randomUUID(), generation, bootId, sentMonotonicMs: clock.monotonicMs() };
    reply({ permitRequest: { requestId: this.#question.requestId, rollout: open.rollout, generation, digest: open.digest, bootId } });
  }

  async #permitted(envelope: Envelope, reply: Reply): Promise<void> {
    const result = await recordPermit(envelope, this.#question, this.#host);
    if (result.kind === 'permitted') {
      this.#question = null;
      await this.#driver.start(result.generation, 'activate');
    } else if (result.kind === 'refused') {
      this.#refuse(reply, result.outcome);
    } else {
      this.#broken(reply, result.error);
    }
  }

  async #ordered(envelope: Envelope, reply: Reply): Promise<void> {
    const refused = (await this.#snapshots?.accept(envelope)) ?? null;
    if (refused === null) return;
    this.#host.logger.warn('snapshot command refused', { ...refused });
    reply({ refusal: { rollout: '', generation: 0, reason: refused.code, detail: refused.message, snapshot: true } });
  }

  async #recalled(rollout: string, generation: number, reason: string): Promise<void> {
    const result = await recallAssignment({ rollout, generation, code: 'recalled', reason }, this.#units, this.#host);
    this.#host.logger.info('recall', { rollout, generation, result: result.kind });
  }

  /** Nothing more is done on this host, and nothing can be journaled: the answer is all that the coordinator hears. */
  #broken(reply: Reply, { message, remedy }: JournalError): void {
    this.#refuse(reply, { code: 'internal-error', message: `${message}; ${remedy}`, object: '' });
  }

  #refuse(reply: Reply, outcome: Outcome): void {
    this.#host.logger.warn('refused', { ...outcome });
    reply({ refusal: { rollout: '', generation: 0, reason: outcome.code, detail: outcome.message } });
  }
}
