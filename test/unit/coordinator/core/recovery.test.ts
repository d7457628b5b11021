import { describe, expect, test } from 'vitest';

import { type ClusterSnapshots, emptySnapshots } from '../../../../coordinator/core/cluster-snapshots.ts';
import { explainNode } from '../../../../coordinator/core/explain.ts';
import { recoveryOf } from '../../../../coordinator/core/recovery.ts';
import type { DrillEnd } from '../../../../shared/domain/drill.ts';
import { DEFAULT_POLICY, type SnapshotPolicy } from '../../../../shared/domain/policy.ts';
import type { SnapshotRecord } from '../../../../shared/domain/snapshot.ts';
import { CONTROL_PLANE, WORKER } from '../../../support/example-facts.ts';
import { exampleProof, exampleSnapshot } from '../../../support/example-snapshot.ts';
import { aFleet, aMember } from '../../../support/fleet-state.ts';

const HOUR_MS = 3_600_000;
const NOW = 1_790_000_000_000;
const HERE = [{ kind: 'host', node: 'cp-1' }, { kind: 'coordinator' }] as const;
const OF_HOSTS = new Set(['e'.repeat(64), 'f'.repeat(64)]);
const GOOD: DrillEnd = { ok: true, snapshot: 's1', prover: 'w-1', fetchMs: 1, phasesMs: { prepare: 0, unseal: 0, check: 0, restore: 0, start: 0, compare: 0, clean: 0 }, rtoMs: HOUR_MS, rpoMs: 1 };

function taken(agoMs: number, changes: Partial<SnapshotRecord> = {}): SnapshotRecord {
  return exampleSnapshot({ id: `s${Math.floor(agoMs / 60_000)}`, takenUnixMs: NOW - agoMs, copies: HERE, ...changes });
}

function known(records: readonly SnapshotRecord[], drills: readonly (readonly [agoMs: number, end: DrillEnd])[] = []): ClusterSnapshots {
  return { ...emptySnapshots('prod'), snapshots: records.map((record) => ({ node: 'cp-1', record })), drills: drills.map(([agoMs, end]) => ({ cluster: 'prod', beganUnixMs: NOW - agoMs, by: 'ann', end })) };
}

function missed(state: ClusterSnapshots, policy: Partial<SnapshotPolicy> = {}): readonly string[] {
  return recoveryOf(state, { ...DEFAULT_POLICY.snapshots, ...policy }, OF_HOSTS, NOW).alerts.map(({ reason, detail }) => `${reason}: ${detail}`);
}

function sealedFor(...keys: readonly string[]): SnapshotRecord {
  return taken(60_000, { proof: exampleProof(NOW), sealed: { digest: 'b'.repeat(64), sizeBytes: 9_000, recipients: keys.map((key) => key.repeat(64)) } });
}

const young = taken(60_000, { proof: exampleProof(NOW - 50_000) });

describe('a target is missed', () => {
  test('by nothing where all is as the policy wants it', () => {
    expect(missed(known([young], [[HOUR_MS, GOOD]]), { copyEveryMs: HOUR_MS, drillEveryMs: 24 * HOUR_MS })).toEqual([]);
  });

  test.each<readonly [string, ClusterSnapshots, Partial<SnapshotPolicy>, readonly string[]]>([
    ['where nothing was ever taken', known([]), {}, ['rpo-missed: none was ever taken', 'snapshot-unproved: none was ever proved']],
    ['by age, and not a moment before', known([taken(HOUR_MS + 1, { proof: exampleProof(NOW) })]), {}, ['rpo-missed: the newest is s60']],
    ['at the very age by nothing', known([taken(HOUR_MS, { proof: exampleProof(NOW) })]), {}, []],
    ['where the newest proved one is too old', known([taken(60_000), taken(25 * HOUR_MS, { proof: exampleProof(NOW - 25 * HOUR_MS) })]), {}, ['snapshot-unproved: the newest proved one is s1500']],
    ['where all lie on the hosts that took them', known([taken(60_000, { proof: exampleProof(NOW), copies: [{ kind: 'host', node: 'cp-1' }] })]), {}, ['copies-missed: all of them lie on the hosts that took them']],
    ['where copies that are made by themselves are not', known([young, taken(9 * HOUR_MS)].map((each, index) => (index === 0 ? { ...each, copies: [{ kind: 'host', node: 'cp-1' }] } : each))), { copyEveryMs: 6 * HOUR_MS }, ['copies-missed: the newest that lies elsewhere is s540']],
    ['where only hosts have a key to what lies elsewhere', known([sealedFor('e', 'f')]), {}, ['copies-missed: only hosts have a key to s1: name people’s keys in the policy (snapshots.recipients)']],
    ['by nothing where a person has one too', known([sealedFor('e', 'a')]), {}, []],
    ['where a clock is wrong', known([young, taken(-HOUR_MS)]), {}, ['rpo-missed: a snapshot is younger than the clock of the coordinator: one of the clocks is wrong, and no age is true']],
    ['by a drill that took too long', known([young], [[HOUR_MS, { ...GOOD, rtoMs: 2 * HOUR_MS + 1 }]]), {}, ['rto-missed: the last drill took 7201 s']],
    ['by a drill that did not go well, though one before it did', known([young], [[2 * HOUR_MS, GOOD], [HOUR_MS, { ok: false, code: 'failed', message: 'etcd does not start' }]]), {}, ['rto-missed: the last drill did not go well: etcd does not start']],
    ['by drills that are due and are not made', known([young], [[49 * HOUR_MS, GOOD]]), { drillEveryMs: 24 * HOUR_MS }, ['rto-missed: the last drill is too long ago to say anything']],
    ['where drills are wanted and there never was one', known([young]), { drillEveryMs: 24 * HOUR_MS }, ['rto-missed: no drill was ever made']],
  ])('%s', (_what, state, policy, expected) => {
    expect(missed(state, policy)).toEqual(expected);
  });
});

test('why tells it of every host that keeps the datastore, and of no other', () => {
  const state = aFleet([aMember('cp-1', CONTROL_PLANE), aMember('w-1', WORKER)]);
  state.recovery = new Map([['prod', recoveryOf(known([taken(3 * HOUR_MS)]), DEFAULT_POLICY.snapshots, OF_HOSTS, NOW)]]);
  const reasonsOf = (node: string): readonly string[] => explainNode(state, { monotonicMs: 0, wallUnixMs: NOW }, node).map(({ reason, blockingObject }) => `${reason} ${blockingObject}`);
  expect([reasonsOf('cp-1'), reasonsOf('w-1')]).toEqual([['rpo-missed cluster prod', 'snapshot-unproved cluster prod'], []]);
});
