import assert from 'node:assert/strict';

import type { Cri, CriLook } from '../../agent/ports/cri.ts';

/** A runtime that a test brings into a state, and the port that asks it. */
export interface CriLab {
  readonly cri: Cri;
  /** @returns as it is to be seen */
  runs(change?: Partial<CriLook>): Promise<CriLook>;
  /** Nobody listens any more. */
  silence(): Promise<void>;
  close(): Promise<void>;
}

export interface CriCase {
  readonly name: string;
  readonly run: (lab: CriLab) => Promise<void>;
}

const never = new AbortController().signal;

/** What whoever asks a runtime must do: the same for the real one and for the one in memory. */
export const CRI_CASES: readonly CriCase[] = [
  {
    name: 'says which runtime runs, and which handlers a RuntimeClass can name',
    run: async ({ cri, runs }) => {
      const seen = await runs({ handlers: ['crun', 'runc'] });
      assert.deepEqual(await cri.look(never), { reached: true, ...seen });
    },
  },
  {
    name: 'says why a runtime is not ready',
    run: async ({ cri, runs }) => {
      const seen = await runs({ ready: false, why: 'ContainerdNotReady: no snapshotter' });
      assert.deepEqual(await cri.look(never), { reached: true, ...seen });
    },
  },
  {
    name: 'says why it cannot be asked, and asks again',
    run: async ({ cri, runs, silence }) => {
      await silence();
      const unreached = await cri.look(never);
      assert.equal(unreached.reached, false);
      assert.notEqual(unreached.reached ? '' : unreached.why, '');
      await runs();
      assert.equal((await cri.look(never)).reached, true);
    },
  },
  {
    name: 'rejects by the signal alone',
    run: async ({ cri, runs }) => {
      await runs();
      await assert.rejects(cri.look(AbortSignal.abort(new Error('time is up'))), /time is up/);
    },
  },
];
