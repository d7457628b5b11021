import type { Drain, DrainTrouble } from '../ports/drain.ts';

const NO_DRAIN: DrainTrouble = { ok: false, code: 'no-drain', message: 'this version of Farrier cordons and drains no nodes', object: '' };

/** Empties nothing, so that plans which need it are refused: until nodes are cordoned and drained over the Kubernetes API. */
export const noDrain: Drain = {
  cordon: async () => NO_DRAIN,
  drain: async () => NO_DRAIN,
  restore: async () => NO_DRAIN,
  cordoned: async () => NO_DRAIN,
};
