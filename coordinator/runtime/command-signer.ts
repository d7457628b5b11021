import type { Generation, NodeName, RolloutId } from '../../shared/domain/ids.ts';
import type { FrozenPlan, Target } from '../../shared/domain/plan.ts';
import type { SnapshotCommand } from '../../shared/domain/snapshot-command.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { SigningKey } from '../../shared/trust/signing-key.ts';
import { signEnvelope } from '../../shared/trust/dsse.ts';
import { ASSIGNMENT_TYPE, PERMIT_TYPE, SNAPSHOT_COMMAND_TYPE } from '../../shared/trust/payload-types.ts';
import { encodeAssignment } from '../../shared/wire/assignment-codec.ts';
import { encodeEnvelope } from '../../shared/wire/envelope-codec.ts';
import { encodePermit } from '../../shared/wire/permit-codec.ts';
import { encodeSequence } from '../../shared/wire/sequence-codec.ts';
import { encodeSnapshotCommand } from '../../shared/wire/snapshot-command-codec.ts';
import type { FleetState } from './fleet-state.ts';

/** An assignment not accepted by then is refused; what was accepted needs a fresh permit anyway. */
const ASSIGNMENT_LIFE_MS = 7 * 24 * 3_600_000;

/** A snapshot that nobody waits for any more is not worth a host's disk. */
const SNAPSHOT_LIFE_MS = 15 * 60_000;

/** Everything that makes a host do more passes here and nowhere else. */
export class CommandSigner {
  readonly #planKey: SigningKey;
  readonly #clock: Clock;

  constructor(planKey: SigningKey, clock: Clock) {
    this.#planKey = planKey;
    this.#clock = clock;
  }

  assignment(
    state: FleetState,
    what: { readonly rollout: RolloutId; readonly node: NodeName; readonly generation: Generation; readonly frozen: FrozenPlan; readonly target: Target },
  ): Buffer {
    const { rollout, node, generation, frozen, target } = what;
    const payload = encodeAssignment({
      ...this.#binding(state, ASSIGNMENT_LIFE_MS),
      node,
      rollout,
      generation,
      action: target.kind === 'sequence' ? { kind: 'sequence', bytes: encodeSequence(frozen.sequences[target.digest] ?? []) } : { kind: 'revert', of: target.of },
      onSilence: frozen.plan.onSilence,
      silenceMs: frozen.plan.silenceMs,
    });
    return encodeEnvelope(signEnvelope(ASSIGNMENT_TYPE, payload, this.#planKey));
  }

  permit(
    state: FleetState,
    what: {
      readonly rollout: RolloutId;
      readonly node: NodeName;
      readonly generation: Generation;
      readonly digest: string;
      readonly requestId: string;
    },
  ): Buffer {
    const validForMs = state.policy.permitValidForMs;
    const payload = encodePermit({ ...this.#binding(state, validForMs + state.policy.clockLimitMs), ...what, validForMs });
    return encodeEnvelope(signEnvelope(PERMIT_TYPE, payload, this.#planKey));
  }

  snapshot(state: FleetState, { id, node, action }: Pick<SnapshotCommand, 'id' | 'node' | 'action'>): Buffer {
    const { fleet, epoch, issuedUnixMs, expiresUnixMs } = this.#binding(state, SNAPSHOT_LIFE_MS + state.policy.clockLimitMs);
    return encodeEnvelope(signEnvelope(SNAPSHOT_COMMAND_TYPE, encodeSnapshotCommand({ id, fleet, node, epoch, issuedUnixMs, expiresUnixMs, action }), this.#planKey));
  }

  #binding(state: FleetState, lifeMs: number) {
    const issuedUnixMs = this.#clock.wallUnixMs();
    return {
      fleet: state.fleet,
      epoch: state.epoch,
      ledgerSequence: state.ledger.sequence,
      issuedUnixMs,
      expiresUnixMs: issuedUnixMs + lifeMs,
    };
  }
}
