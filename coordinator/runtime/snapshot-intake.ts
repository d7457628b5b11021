import type { KeyObject } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';

import type { NodeName } from '../../shared/domain/ids.ts';
import type { SnapshotOutcome } from '../../shared/domain/snapshot-command.ts';
import type { SnapshotRecord } from '../../shared/domain/snapshot.ts';
import type { Logger } from '../../shared/ports/logger.ts';
import type { Envelope } from '../../shared/trust/envelope.ts';
import { verifySnapshotProof } from '../../shared/trust/snapshot-proof.ts';
import { encodeEnvelope } from '../../shared/wire/envelope-codec.ts';
import type { AgentMessage__Output } from '../../shared/wire/messages.ts';
import { fromCatalogueMessage, fromOutcomeMessage, fromProgressMessage } from '../../shared/wire/snapshot-report-codec.ts';
import { newsOf } from '../core/reported-snapshots.ts';
import type { FleetState } from './fleet-state.ts';
import type { SnapshotCommands } from './snapshot-commands.ts';
import type { SnapshotLog } from './snapshot-log.ts';

type Told<Field extends keyof AgentMessage__Output> = NonNullable<AgentMessage__Output[Field]>;

export interface SnapshotIntakeParts {
  readonly state: FleetState;
  readonly log: SnapshotLog;
  readonly commands: Pick<SnapshotCommands, 'answered' | 'progressed' | 'refused'>;
  readonly logger: Logger;
  /** A node signed what it must not, or somebody else did in its name. */
  readonly suspect: (node: NodeName, code: string) => void;
}

/** What agents tell of snapshots, judged and kept. */
export class SnapshotIntake {
  readonly #parts: SnapshotIntakeParts;

  constructor(parts: SnapshotIntakeParts) {
    this.#parts = parts;
  }

  /** Resolves when what is new of it is durable. */
  async catalogue(node: NodeName, message: Told<'snapshots'>): Promise<void> {
    const told = fromCatalogueMessage(message);
    if (told.ok) await this.#keep(node, told.value, true);
    else this.#parts.logger.warn('catalogue not understood', { node, ...told.error });
  }

  progress(node: NodeName, message: Told<'snapshotProgress'>): void {
    const progress = fromProgressMessage(message);
    if (progress !== null) this.#parts.commands.progressed(node, progress);
  }

  /**
   * Resolves when what it brought is durable: then the caller acknowledges it, also where it made no sense, for it would come
   * again for ever. @param key of the certificate that this session was opened with
   */
  async outcome(node: NodeName, message: Told<'snapshotOutcome'>, key: KeyObject): Promise<void> {
    const { logger, commands } = this.#parts;
    const told = fromOutcomeMessage(message);
    if (!told.ok) {
      logger.warn('outcome not understood', { node, ...told.error });
      return;
    }
    const { outcome, proof } = told.value;
    if (outcome.snapshot !== null) await this.#keep(node, [outcome.snapshot], false);
    const judged = proof === null ? outcome : await this.#proved(node, outcome, proof, key);
    logger.info('snapshot command over', { node, command: judged.command, code: judged.code, ...(judged.message === '' ? {} : { why: judged.message }) });
    commands.answered(node, judged);
  }

  /** It did not take an order, and does not say which: none that it was given is carried out. */
  refused(node: NodeName, code: string, detail: string): void {
    this.#parts.commands.refused(node, `${code} ${detail}`);
  }

  async #keep(node: NodeName, records: readonly SnapshotRecord[], isWhole: boolean): Promise<void> {
    const view = this.#parts.state.nodes.get(node);
    if (view === undefined) return;
    await this.#parts.log.append(view.record.cluster, (known) => {
      const news = newsOf(known, node, records, isWhole);
      return news === null ? [] : [news];
    });
  }

  /** Believed only from the one who was ordered, of what it was ordered to prove, signed with the key of its session. */
  async #proved(node: NodeName, outcome: SnapshotOutcome, envelope: Envelope, publicKey: KeyObject): Promise<SnapshotOutcome> {
    const { state, log, logger, suspect } = this.#parts;
    const refused = (code: string, why: string): SnapshotOutcome => {
      logger.warn('proof not believed', { node, command: outcome.command, code, why });
      suspect(node, code);
      return { ...outcome, code: 'no-prover', message: `what ${node} sent as its proof is not believed: ${why}` };
    };
    const verified = verifySnapshotProof(envelope, { fleet: state.fleet, name: node, publicKey });
    if (!verified.ok) return refused(verified.code, verified.message);
    const { proof } = verified;
    const { orders, proofs } = log.of(proof.cluster);
    // Told again: the acknowledgement of it was lost.
    if (isDeepStrictEqual(proofs.get(proof.snapshot.digest), proof)) return outcome;
    const order = orders.find(({ command, prover }) => command === outcome.command && prover === node);
    if (order === undefined) return refused('not-ordered', 'nobody ordered it');
    const wanted = order.digest ?? outcome.snapshot?.plain.digest;
    if (proof.snapshot.digest !== wanted) return refused('another-snapshot', 'it is of another snapshot than was ordered');
    await log.append(proof.cluster, () => [{ type: 'proved', command: outcome.command, proof, envelope: encodeEnvelope(envelope).toString('base64') }]);
    return outcome;
  }
}
