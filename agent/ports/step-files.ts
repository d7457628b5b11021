import type { Digest, Generation } from '../../shared/domain/ids.ts';

/** What belongs to a step of an assignment on disk, beside the journal. */
export interface StepFiles {
  /** Made when it is not there. */
  folder(generation: Generation, step: number): Promise<string>;
  /** Durable when it resolves. @returns the digest that the journal names it by. */
  keepPrior(generation: Generation, step: number, prior: unknown): Promise<Digest>;
  /** @returns undefined where it is not there or is not what the digest says. */
  readPrior(generation: Generation, step: number, digest: Digest): Promise<unknown>;
  /** Takes what programs print; the oldest goes when there is too much. */
  output(generation: Generation, step: number): (text: string) => void;
  /** Deletes what only going forward needed, `fetched` in a step's folder: artifacts are large. Idempotent. */
  dropFetched(generation: Generation): Promise<void>;
  /** Gives back the room that was kept for going back. Idempotent. */
  release(generation: Generation): Promise<void>;
}
