import type { NodeName } from '../../shared/domain/ids.ts';
import type { SnapshotAction, SnapshotCommandId, SnapshotOutcome, SnapshotProgress } from '../../shared/domain/snapshot-command.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Logger } from '../../shared/ports/logger.ts';
import type { Random } from '../../shared/ports/random.ts';
import { failure, type Failure } from '../../shared/trust/failure.ts';
import type { AgentSessions } from '../ports/agent-sessions.ts';
import type { SnapshotAgents } from '../ports/snapshot-agents.ts';
import type { CommandSigner } from './command-signer.ts';
import type { FleetState } from './fleet-state.ts';

const ID_BYTES = 16;
/** The same again changes nothing on the host: it spares nobody's wait who has just come back. */
const RESEND_AFTER_MS = 10_000;
/** A host that dials again goes on where it was. */
const AWAY_MAX_MS = 120_000;
/** A datastore of many GB over a thin link. */
const COMMAND_MAX_MS = 6 * 3_600_000;

interface Waiting {
  readonly node: NodeName;
  readonly answered: (outcome: SnapshotOutcome) => void;
  readonly onProgress: (progress: SnapshotProgress) => void;
}

/** Orders to hosts, sent until they are answered. What was ordered before a restart nobody waits for any more; its answer is taken all the same. */
export class SnapshotCommands implements SnapshotAgents {
  readonly #parts: Parts;
  readonly #waiting = new Map<SnapshotCommandId, Waiting>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  newId(): SnapshotCommandId {
    return Buffer.from(this.#parts.random.bytes(ID_BYTES)).toString('hex');
  }

  async order(node: NodeName, command: { readonly id: SnapshotCommandId; readonly action: SnapshotAction }, onProgress: (progress: SnapshotProgress) => void, signal: AbortSignal): Promise<SnapshotOutcome | Failure<'away'>> {
    signal.throwIfAborted();
    const { clock, logger } = this.#parts;
    const { id, action } = command;
    logger.info('snapshot ordered', { node, command: id, action: action.kind });
    const answered = Promise.withResolvers<SnapshotOutcome>();
    this.#waiting.set(id, { node, answered: answered.resolve, onProgress });
    try {
      return await this.#sent(node, command, answered.promise, clock.monotonicMs() + COMMAND_MAX_MS, signal);
    } finally {
      this.#waiting.delete(id);
    }
  }

  /** @returns whether somebody waited for it. */
  answered(node: NodeName, outcome: SnapshotOutcome): boolean {
    const waiting = this.#waiting.get(outcome.command);
    if (waiting?.node !== node) return false;
    waiting.answered(outcome);
    return true;
  }

  /** Ends what waits for this node. */
  refused(node: NodeName, why: string): void {
    for (const [command, waiting] of this.#waiting) if (waiting.node === node) waiting.answered({ command, code: 'refused', message: why, snapshot: null, fetchMs: 0 });
  }

  progressed(node: NodeName, progress: SnapshotProgress): void {
    const waiting = this.#waiting.get(progress.command);
    if (waiting?.node === node) waiting.onProgress(progress);
  }

  async #sent(node: NodeName, { id, action }: { readonly id: SnapshotCommandId; readonly action: SnapshotAction }, answer: Promise<SnapshotOutcome>, endMs: number, signal: AbortSignal): Promise<SnapshotOutcome | Failure<'away'>> {
    const { state, signer, sessions, clock, assertLeading } = this.#parts;
    let heardMs = clock.monotonicMs();
    for (;;) {
      // Signed anew each time: the epoch may have been raised meanwhile.
      await assertLeading();
      const nowMs = clock.monotonicMs();
      if (sessions.send(node, { kind: 'snapshot', envelope: signer.snapshot(state, { id, node, action }) })) heardMs = nowMs;
      if (nowMs - heardMs >= AWAY_MAX_MS) return failure('away', `${node} has had no session for ${AWAY_MAX_MS / 1000} s; look at its agent and its network`);
      if (nowMs >= endMs) return failure('away', `${node} did not answer within ${COMMAND_MAX_MS / 3_600_000} h; see \`farrier-agent snapshot ls\` there`);
      const rest = new AbortController();
      const slept = clock.sleep(RESEND_AFTER_MS, AbortSignal.any([signal, rest.signal])).then(() => null, () => null);
      const outcome = await Promise.race([answer, slept]);
      rest.abort();
      if (outcome !== null) return outcome;
      signal.throwIfAborted();
    }
  }
}

interface Parts {
  readonly state: FleetState;
  readonly sessions: Pick<AgentSessions, 'send'>;
  readonly signer: CommandSigner;
  /** @throws Deposed: whoever leads no more must not command either. */
  readonly assertLeading: () => Promise<void>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}
