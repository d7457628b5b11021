import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { EtcdMember } from '../../../../agent/ports/etcd.ts';
import { takeEtcdSnapshot } from '../../../../agent/snapshots/take-etcd-snapshot.ts';
import type { Clock } from '../../../../shared/ports/clock.ts';

const never = new AbortController().signal;
const PART_BYTES = 32 * 1024;
const PARTS = 64;

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'farrier-rate-'));
});
afterEach(() => rmSync(parent, { recursive: true }));

/** Time passes while somebody sleeps, and else not. */
function sleepersClock(): Clock & { readonly elapsedMs: () => number } {
  let nowMs = 0;
  const passed = (): number => nowMs;
  return { monotonicMs: passed, wallUnixMs: passed, elapsedMs: passed, sleep: async (ms) => void (nowMs += ms) };
}

/** Streams as a member does, and nothing else. */
function streamingMember(): EtcdMember {
  const database = Buffer.alloc(PARTS * PART_BYTES, 7);
  const status = {
    clusterId: '1', memberId: '2', revision: 3, version: '3.5.16', dbSizeBytes: database.length, dbSizeInUseBytes: database.length, dbQuotaBytes: null,
    leaderId: '2', isLearner: false, raftTerm: 1, raftIndex: 1, raftAppliedIndex: 1, errors: [],
  };
  return {
    status: async () => ({ ok: true, value: status }),
    snapshot: async (take) => {
      for (let at = 0; at < database.length; at += PART_BYTES) await take({ blob: database.subarray(at, at + PART_BYTES), remainingBytes: database.length - at - PART_BYTES });
      await take({ blob: createHash('sha256').update(database).digest(), remainingBytes: 0 });
      return { ok: true, value: null };
    },
  } as Partial<EtcdMember> as EtcdMember;
}

test.each([[1_000_000], [100_000]])('a member is asked for no more than %i bytes a second', async (maxBytesPerS) => {
  const clock = sleepersClock();
  const taken = await takeEtcdSnapshot({ member: streamingMember(), folder: join(parent, 'snapshots'), name: 'a', maxBytesPerS, clock }, never);
  expect(taken).toMatchObject({ ok: true });
  const wholeMs = (PARTS * PART_BYTES * 1000) / maxBytesPerS;
  expect(clock.elapsedMs()).toBeGreaterThan(wholeMs * 0.9);
  expect(clock.elapsedMs()).toBeLessThan(wholeMs * 1.1);
});

test('nobody waits where no limit is set', async () => {
  const clock = sleepersClock();
  await takeEtcdSnapshot({ member: streamingMember(), folder: join(parent, 'snapshots'), name: 'a', maxBytesPerS: null, clock }, never);
  expect(clock.elapsedMs()).toBe(0);
});
