import { status, type ServerDuplexStream } from '@grpc/grpc-js';
import { X509Certificate } from 'node:crypto';

import type { NodeName } from '../../shared/domain/ids.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Logger } from '../../shared/ports/logger.ts';
import type { Envelope } from '../../shared/trust/envelope.ts';
import type { AgentLinkHandlers, AgentMessage__Output, CoordinatorMessage, Hello__Output, HostFacts__Output } from '../../shared/wire/messages.ts';
import { fromFactsMessage } from '../../shared/wire/facts-codec.ts';
import type { AgentSessions, ToAgent } from '../ports/agent-sessions.ts';
import type { FleetState } from '../runtime/fleet-state.ts';
import type { Intake } from '../runtime/intake.ts';
import type { SnapshotIntake } from '../runtime/snapshot-intake.ts';
import { AgentSession } from './agent-session.ts';
import { doubtHello } from './doubt-hello.ts';
import { helloFacts } from './hello-facts.ts';
import { toWire } from './to-wire.ts';

const HEARTBEAT_MS = 10_000;
/** A refused agent comes back after this long, plus jitter of its own. */
const RETRY_AFTER_MS = 30_000;

export type AgentCall = ServerDuplexStream<AgentMessage__Output, CoordinatorMessage>;

type NamedNode = { readonly ok: true; readonly node: NodeName } | { readonly ok: false; readonly code: string; readonly message: string };

export interface AgentLinkParts {
  readonly state: FleetState;
  readonly intake: Intake;
  /** Absent: what agents tell of snapshots is let go. */
  readonly snapshots?: SnapshotIntake;
  /** Names the node behind a call from its certificate, or says why it may not speak here. */
  readonly nameNode: (call: AgentCall) => Promise<NamedNode>;
  /** The fleet's trust document, above the version that this agent has seen. */
  readonly trust: (above: number) => Promise<Envelope>;
  /** Appends leader(epoch) above what an agent has seen; see Intake.epochToExceed. */
  readonly raiseEpoch: (above: number) => Promise<void>;
  /** Takes a node that the store has into the state, where enrolling it has not done so yet. */
  readonly admit?: (node: NodeName) => Promise<void>;
  readonly opened: (node: NodeName) => void;
  /** The agent did not take what it was sent: somebody else may speak in our name. */
  readonly refused: (node: NodeName, code: string) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Served {
  readonly session: AgentSession;
  readonly call: AgentCall;
  /** Before its welcome nothing is sent: what there is to say was decided before its hello was known. */
  welcomed: boolean;
  /** The payload of the trust document that it was sent last; null before the first. */
  trust: Buffer | null;
}

/** All sessions of this coordinator: one a node, the newest wins. */
export class AgentLinkService implements AgentSessions {
  readonly #parts: AgentLinkParts;
  readonly #sessions = new Map<NodeName, Served>();

  constructor(parts: AgentLinkParts) {
    this.#parts = parts;
  }

  get handlers(): AgentLinkHandlers {
    return {
      Session: (call) => {
        this.#accept(call).catch((error: unknown) => {
          // Only looked up, nothing written: one host tries again, the others are served.
          this.#parts.logger.error('session not begun', { error });
          call.emit('error', { code: status.UNAVAILABLE, details: 'the coordinator cannot look this host up now; its log says why. The agent tries again by itself' });
        });
      },
    };
  }

  send(node: NodeName, message: ToAgent): boolean {
    const served = this.#sessions.get(node);
    if (served === undefined || !served.welcomed || served.session.isEnding) return false;
    if (message.kind === 'assignment' || message.kind === 'permit' || message.kind === 'snapshot') this.#parts.intake.commanded(node);
    served.session.send(toWire(message));
    return true;
  }

  /** Ends every session; agents dial again, here or elsewhere. */
  close(): void {
    for (const { session } of this.#sessions.values()) session.end('coordinator is stopping', 1_000);
  }

  /** Ends the session of a node that was removed or whose certificate was revoked. */
  closeNode(node: NodeName, why: string): void {
    this.#sessions.get(node)?.session.end(why, RETRY_AFTER_MS);
  }

  /**
   * Asks of every open session once more who it is, and ends those that may not speak here any more: TLS looked at the
   * certificate when the session began, which may be weeks ago.
   */
  async recheck(): Promise<void> {
    for (const [node, { session, call }] of [...this.#sessions]) {
      const named = await this.#parts.nameNode(call);
      if (session.isEnding || (named.ok && named.node === node)) continue;
      const why = named.ok ? `the certificate is that of node ${named.node}` : named.message;
      this.#parts.logger.warn('session ended by re-authentication', { node, why });
      // The agent has renewed its certificate meanwhile, or does so now: nobody has to wait for that.
      session.end(why, !named.ok && named.code === 'certificate-expired' ? 0 : RETRY_AFTER_MS);
    }
  }

  /** Hands every open session the trust document as it is now, where it has another: a session may last longer than a document. */
  async spreadTrust(): Promise<void> {
    const document = await this.#parts.trust(0);
    for (const served of this.#sessions.values()) if (served.welcomed) this.#sendTrust(served, document);
  }

  #sendTrust(served: Served, document: Envelope): void {
    if (served.trust?.equals(document.payload) === true) return;
    served.trust = document.payload;
    served.session.send({ trust: document });
  }

  async #accept(call: AgentCall): Promise<void> {
    const { nameNode, logger } = this.#parts;
    // Nothing may be lost while the certificate is looked up, which is gone when the connection is.
    call.pause();
    const { snapshots } = this.#parts;
    const certificate = snapshots === undefined ? undefined : call.getAuthContext()?.sslPeerCertificate?.raw;
    const session = new AgentSession(call, logger);
    const named = await nameNode(call);
    if (!named.ok) {
      logger.warn('session refused', { why: named.message });
      session.refuse(named.message);
      return;
    }
    const { node } = named;
    session.serve({
      hello: (hello) => this.#greet(node, { session, call, welcomed: false, trust: null }, hello),
      report: (records) => this.#parts.intake.reports(node, records),
      facts: (facts) => this.#told(node, facts),
      snapshots: async (catalogue) => await snapshots?.catalogue(node, catalogue),
      snapshotOutcome: async (outcome) => {
        // Who was named showed a certificate.
        if (certificate !== undefined) await snapshots?.outcome(node, outcome, new X509Certificate(certificate).publicKey);
      },
      snapshotProgress: (progress) => snapshots?.progress(node, progress),
      permitRequest: (request) => this.#parts.intake.permitRequested(node, request),
      refusal: (reason, detail, ofSnapshot) => {
        logger.warn('agent refused what it was sent', { node, reason, detail });
        if (ofSnapshot) snapshots?.refused(node, reason, detail);
        this.#parts.intake.refused(node, reason, detail);
        this.#parts.refused(node, reason);
      },
      ended: () => this.#ended(node, session),
    });
  }

  async #greet(node: NodeName, served: Served, hello: Hello__Output): Promise<void> {
    const { session } = served;
    const { state, intake, logger, clock, trust, raiseEpoch, admit, opened } = this.#parts;
    // Its certificate was found good, so it was enrolled: a moment ago, or the word of that was lost.
    if (!state.nodes.has(node)) await admit?.(node);
    if (session.isEnding) return;
    const view = state.nodes.get(node);
    if (view === undefined || !view.record.approved) {
      const why = view === undefined ? `node ${node} is not in this fleet` : `node ${node} awaits approval; an operator can: farrier node approve ${node}`;
      logger.warn('session refused', { node, why });
      session.end(why, RETRY_AFTER_MS);
      return;
    }
    const facts = helloFacts(hello, clock);
    const doubt = doubtHello(facts, state.epoch, view.journal);
    if (doubt !== null) {
      logger.warn('session refused', { node, why: doubt });
      session.end(doubt, RETRY_AFTER_MS);
      return;
    }
    this.#sessions.get(node)?.session.end('a newer session of this node', 0);
    this.#sessions.set(node, served);
    // What the session before said of the host counts no more, and this one's word is not yet weighed.
    intake.lost(node);
    const above = intake.epochToExceed(node, facts);
    if (above !== null) await raiseEpoch(above);
    const document = await trust(hello.trustVersion);
    // Removed, or superseded, while the store was asked.
    if (session.isEnding || !state.nodes.has(node)) return;
    opened(node);
    const held = intake.connected(node, facts);
    served.welcomed = true;
    session.send({ welcome: { ...held, heartbeatMs: HEARTBEAT_MS, wallUnixMs: clock.wallUnixMs(), epoch: state.epoch } });
    this.#sendTrust(served, document);
    logger.info('session opened', { node, agent: facts.agentVersion, active: hello.activeGeneration });
    await this.#told(node, hello.facts);
  }

  /** An agent that tells nothing, or what cannot be, is one of which nothing is known. */
  async #told(node: NodeName, message: HostFacts__Output | null): Promise<void> {
    const facts = message === null ? null : fromFactsMessage(message);
    if (facts?.ok === false) this.#parts.logger.warn('facts not understood', { node, ...facts.error });
    await this.#parts.intake.factsTold(node, facts?.ok === true ? facts.value : null);
  }

  #ended(node: NodeName, session: AgentSession): void {
    // A session that was superseded says nothing about the node.
    if (this.#sessions.get(node)?.session !== session) return;
    this.#sessions.delete(node);
    this.#parts.intake.lost(node);
    this.#parts.logger.info('session ended', { node });
  }
}
