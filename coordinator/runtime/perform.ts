import type { NodeName, RolloutId } from '../../shared/domain/ids.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Logger } from '../../shared/ports/logger.ts';
import type { Random } from '../../shared/ports/random.ts';
import type { Decision } from '../core/decision.ts';
import { FARRIER } from '../core/rollout-event.ts';
import type { Assigned, RolloutState } from '../core/rollout.ts';
import type { AgentSessions, ToAgent } from '../ports/agent-sessions.ts';
import type { CommandSigner } from './command-signer.ts';
import type { DrainCalls } from './drain-calls.ts';
import type { FleetLog } from './fleet-log.ts';
import type { FleetState } from './fleet-state.ts';
import { freezeRollback } from './freeze-rollback.ts';
import { newRolloutId } from './rollout-id.ts';

/** What was not acknowledged is sent again after this long. */
const RESEND_AFTER_MS = 3_000;

/** What is to be done outside the state. */
export type Performed = Exclude<Decision, { readonly kind: 'ledger' | 'rollout' }>;

/** Carries decisions out: appends first where there is something to append, sends afterwards. */
export class Performer {
  readonly #state: FleetState;
  readonly #log: FleetLog;
  readonly #sessions: AgentSessions;
  readonly #signer: CommandSigner;
  readonly #drains: Pick<DrainCalls, 'ask'>;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  /** When each message was last sent; only spares repetition, losing it is harmless. */
  readonly #sentMs = new Map<NodeName, Map<string, number>>();

  constructor(parts: {
    readonly state: FleetState;
    readonly log: FleetLog;
    readonly sessions: AgentSessions;
    readonly signer: CommandSigner;
    readonly drains: Pick<DrainCalls, 'ask'>;
    readonly clock: Clock;
    readonly random: Random;
    readonly logger: Logger;
  }) {
    this.#state = parts.state;
    this.#log = parts.log;
    this.#sessions = parts.sessions;
    this.#signer = parts.signer;
    this.#drains = parts.drains;
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#logger = parts.logger;
  }

  /** @returns whether something was appended, so that another decision may follow. */
  async perform(decision: Performed): Promise<boolean> {
    switch (decision.kind) {
      case 'assign':
        await this.#assign(decision.rollout, decision.node, decision.generation);
        return true;
      case 'start-rollback':
        await this.#startRollback(decision.rollout);
        return true;
      case 'start-hop':
        await this.#startHop(decision.rollout, decision.hop);
        return true;
      case 'permit':
        await this.#permit(decision);
        return true;
      case 'send-assignment': {
        const node = assignedNode(this.#rollout(decision.rollout), decision.node);
        // An adopted assignment has no envelope here: the agent has it, or has ended it.
        if (node.envelope !== null) {
          this.#repeat(decision.node, decision.generation, { kind: 'assignment', envelope: Buffer.from(node.envelope, 'base64') });
        }
        return false;
      }
      case 'offer-permit':
        this.#repeat(decision.node, decision.generation, { ...decision, kind: 'permit-offer' });
        return false;
      case 'recall':
        this.#repeat(decision.node, decision.generation, { ...decision, reason: 'recalled' });
        return false;
      case 'cordon':
      case 'drain':
      case 'restore':
        this.#drains.ask(decision);
        return false;
    }
  }

  /** A new session starts with nothing sent. */
  forgetSent(node: NodeName): void {
    this.#sentMs.delete(node);
  }

  async #assign(id: RolloutId, node: NodeName, generation: number): Promise<void> {
    const { frozen } = this.#rollout(id);
    const target = frozen.targets[node];
    if (target === undefined) throw new Error(`rollout ${id} has no target for ${node}`);
    const envelope = this.#signer.assignment(this.#state, { rollout: id, node, generation, frozen, target });
    await this.#log.rolloutNow(id, {
      type: 'assigned',
      node,
      generation,
      epoch: this.#state.epoch,
      digest: target.digest,
      envelope: envelope.toString('base64'),
    });
    this.#logger.info('assigned', { rollout: id, node, generation });
  }

  async #permit(decision: Extract<Performed, { readonly kind: 'permit' }>): Promise<void> {
    const { rollout, node, generation, requestId } = decision;
    const { digest } = assignedNode(this.#rollout(rollout), node);
    await this.#log.rolloutNow(rollout, { type: 'permit-issued', node, generation, requestId });
    await this.#log.assertLeading();
    const envelope = this.#signer.permit(this.#state, { rollout, node, generation, digest, requestId });
    this.#sessions.send(node, { kind: 'permit', envelope });
    this.#logger.info('permitted', { rollout, node, generation });
  }

  async #startRollback(of: RolloutId): Promise<void> {
    const frozen = freezeRollback(this.#rollout(of));
    const rollback = newRolloutId(this.#random, frozen.plan.name);
    await this.#log.rolloutNow(rollback, { type: 'started', frozen, by: FARRIER });
    await this.#log.rolloutNow(of, { type: 'rollback-started', rollback });
    this.#logger.info('rollback started', { rollout: of, rollback });
  }

  async #startHop(after: RolloutId, hop: RolloutId): Promise<void> {
    const { frozen, startedBy } = this.#rollout(after);
    const next = frozen.chain?.next;
    if (!next) throw new Error(`rollout ${after} is the last of its chain`);
    await this.#log.rolloutNow(hop, { type: 'started', frozen: next, by: startedBy });
    this.#logger.info('hop started', { rollout: hop, after });
  }

  #repeat(node: NodeName, generation: number, message: ToAgent): void {
    const sent = this.#sentMs.get(node) ?? new Map<string, number>();
    const key = `${generation} ${message.kind}`;
    const nowMs = this.#clock.monotonicMs();
    const sentMs = sent.get(key);
    if (sentMs !== undefined && nowMs - sentMs < RESEND_AFTER_MS) return;
    if (!this.#sessions.send(node, message)) return;
    // What was sent longer ago than that spares nothing any more.
    for (const [other, otherMs] of sent) if (nowMs - otherMs >= RESEND_AFTER_MS) sent.delete(other);
    this.#sentMs.set(node, sent.set(key, nowMs));
  }

  #rollout(id: RolloutId): RolloutState {
    const rollout = this.#state.rollouts.get(id);
    if (rollout === undefined) throw new Error(`no rollout ${id}`);
    return rollout;
  }
}

function assignedNode(rollout: RolloutState, name: NodeName): Assigned {
  const node = rollout.nodes.get(name);
  if (node?.state !== 'assigned') throw new Error(`${name} has no assignment in rollout ${rollout.id}`);
  return node;
}
