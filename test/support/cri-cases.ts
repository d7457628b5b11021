import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Cri, CriLook, CriPod } from '../../agent/ports/cri.ts';

/** A runtime that a test brings into a state, and the port that asks it. */
export interface CriLab {
  readonly cri: Cri;
  /** @returns as it is to be seen */
  runs(change?: Partial<Pick<CriLook, 'version' | 'ready' | 'why' | 'handlers' | 'defaultHandler'>>): Promise<CriLook>;
  holds(name: string, image: { readonly id: string; readonly pinned: boolean }): Promise<void>;
  /** What every container does from now on. */
  prints(output: string, exitCode: number): Promise<void>;
  /** Nobody listens any more. */
  silence(): Promise<void>;
  close(): Promise<void>;
}

export interface CriCase {
  readonly name: string;
  readonly run: (lab: CriLab) => Promise<void>;
}

const never = new AbortController().signal;
const NAME = 'registry.example/hello:1';
const ID = `sha256:${'a'.repeat(64)}`;
const OURS = { key: 'farrier.probe', value: 'this' };
const OTHERS = { key: 'farrier.probe', value: 'another' };

/** What whoever asks a runtime must do: the same for the real one and for the one in memory. */
export const CRI_CASES: readonly CriCase[] = [
  {
    name: 'says which runtime runs, and which handlers a RuntimeClass can name',
    run: async ({ cri, runs }) => {
      const seen = await runs({ handlers: ['crun', 'runc'], defaultHandler: 'crun' });
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
      assert.equal((await cri.image(NAME, never)).ok, false);
      assert.equal((await cri.countPods(OURS, never)).ok, false);
      assert.notEqual(await cri.removePods(OURS, never), '');
      await runs();
      assert.equal((await cri.look(never)).reached, true);
    },
  },
  {
    name: 'rejects by the signal alone',
    run: async ({ cri, runs }) => {
      await runs();
      const over = AbortSignal.abort(new Error('time is up'));
      await assert.rejects(cri.look(over), /time is up/);
      await assert.rejects(cri.image(NAME, over), /time is up/);
      await assert.rejects(cri.removePods(OURS, over), /time is up/);
    },
  },
  {
    name: 'knows an image by its name, with what pins it, and an absent one as such',
    run: async ({ cri, runs, holds }) => {
      await runs();
      assert.deepEqual(await cri.image(NAME, never), { ok: true, id: null, pinned: false });
      await holds(NAME, { id: ID, pinned: true });
      assert.deepEqual(await cri.image(NAME, never), { ok: true, id: ID, pinned: true });
    },
  },
  {
    name: 'runs a pod to its end, and removes its own pods alone, twice as well as once',
    run: (lab) => withLogs(async (logFolder) => {
      await lab.runs({ handlers: ['crun', 'runc'] });
      await lab.holds(NAME, { id: ID, pinned: false });
      await lab.prints('one\ntwo\n', 7);
      for (const [uid, label] of [['1', OURS], ['2', OTHERS]] as const) assert.deepEqual(await lab.cri.runPod(pod({ logFolder, uid, label }), never), { ok: true, exitCode: 7, output: 'one\ntwo\n' });
      assert.deepEqual(await lab.cri.countPods(OURS, never), { ok: true, count: 1 });
      assert.equal(await lab.cri.removePods(OURS, never), '');
      assert.equal(await lab.cri.removePods(OURS, never), '');
      assert.deepEqual(await lab.cri.countPods(OURS, never), { ok: true, count: 0 });
      assert.deepEqual(await lab.cri.countPods(OTHERS, never), { ok: true, count: 1 });
    }),
  },
  {
    name: 'names every pod, and removes one of them alone, twice as well as once',
    run: (lab) => withLogs(async (logFolder) => {
      await lab.runs({ handlers: ['runc'] });
      await lab.holds(NAME, { id: ID, pinned: false });
      assert.deepEqual(await lab.cri.podIds(never), { ok: true, ids: [] });
      for (const uid of ['1', '2']) await lab.cri.runPod(pod({ logFolder, uid }), never);
      const both = await lab.cri.podIds(never);
      const [first = '', second = ''] = both.ok ? both.ids : [];
      assert.equal(await lab.cri.removePod(first, never), '');
      assert.equal(await lab.cri.removePod(first, never), '');
      assert.deepEqual(await lab.cri.podIds(never), { ok: true, ids: [second] });
      await lab.silence();
      assert.equal((await lab.cri.podIds(never)).ok, false);
      assert.notEqual(await lab.cri.removePod(second, never), '');
    }),
  },
  {
    name: 'names the handlers of the pods there are',
    run: (lab) => withLogs(async (logFolder) => {
      await lab.runs({ handlers: ['crun', 'runc'] });
      await lab.holds(NAME, { id: ID, pinned: false });
      assert.deepEqual(await lab.cri.handlersInUse(never), { ok: true, handlers: [] });
      for (const [uid, handler] of [['1', ''], ['2', 'crun'], ['3', 'crun']] as const) await lab.cri.runPod(pod({ logFolder, uid, handler }), never);
      assert.deepEqual(await lab.cri.handlersInUse(never), { ok: true, handlers: ['', 'crun'] });
      await lab.silence();
      assert.equal((await lab.cri.handlersInUse(never)).ok, false);
    }),
  },
  {
    name: 'says why a pod does not run: no such handler, no such image',
    run: (lab) => withLogs(async (logFolder) => {
      await lab.runs({ handlers: ['runc'] });
      const unknown = await lab.cri.runPod(pod({ logFolder, handler: 'wasm' }), never);
      assert.match(unknown.ok ? '' : unknown.why, /"wasm"/);
      const absent = await lab.cri.runPod(pod({ logFolder }), never);
      assert.match(absent.ok ? '' : absent.why, /not found/);
      assert.equal(await lab.cri.removePods(OURS, never), '');
      assert.deepEqual(await lab.cri.countPods(OURS, never), { ok: true, count: 0 });
    }),
  },
];

function pod(change: Partial<CriPod>): CriPod {
  return { name: 'probe', uid: '1', label: OURS, handler: 'runc', image: NAME, annotations: {}, logFolder: '', ...change };
}

async function withLogs(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'farrier-pod-'));
  try {
    await run(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
