import { expect, test } from 'vitest';

import { type ClusterSnapshots, emptySnapshots, evolveSnapshots } from '../../../../coordinator/core/cluster-snapshots.ts';
import { newsOf, TOLD_MAX } from '../../../../coordinator/core/reported-snapshots.ts';
import type { SnapshotEventBody } from '../../../../coordinator/core/snapshot-event.ts';
import type { ProofRecord } from '../../../../shared/domain/proof-record.ts';
import type { SnapshotRecord } from '../../../../shared/domain/snapshot.ts';
import { exampleProofRecord } from '../../../support/example-proof-record.ts';
import { exampleSnapshot } from '../../../support/example-snapshot.ts';

const digestOf = (letter: string): string => letter.repeat(64);
const snapshot = (id: string, digest = digestOf('a')): SnapshotRecord => exampleSnapshot({ id, plain: { digest, sizeBytes: 20_512 }, copies: [] });
const proofOf = (digest: string): ProofRecord => ({ ...exampleProofRecord(), snapshot: { ...exampleProofRecord().snapshot, digest } });
const reported = (node: string, records: readonly SnapshotRecord[], gone: readonly string[] = []): SnapshotEventBody => ({ type: 'reported', node, records, gone });
const copied = (node: string, id: string): SnapshotEventBody => ({ type: 'copied', node, id, copy: { kind: 'coordinator' } });
const removed = (node: string, id: string): SnapshotEventBody => ({ type: 'copy-removed', node, id, copy: { kind: 'coordinator' } });
const proved = (digest: string): SnapshotEventBody => ({ type: 'proved', command: 'c1', proof: proofOf(digest), envelope: '' });

function after(...events: readonly SnapshotEventBody[]): ClusterSnapshots {
  return events.reduce((state, event, index) => evolveSnapshots(state, index + 1, { ...event, atUnixMs: index }), emptySnapshots('prod'));
}

function shown({ snapshots }: ClusterSnapshots): readonly string[] {
  return snapshots.map(({ node, record }) => `${node} ${record.id}: ${record.copies.map(({ kind }) => kind).join('+')}${record.proof === null ? '' : ' proved'}`);
}

test('two hosts may call a snapshot the same, and each has its own', () => {
  expect(shown(after(reported('cp-1', [snapshot('s1')]), reported('cp-2', [snapshot('s1', digestOf('b'))]), copied('cp-2', 's1')))).toEqual(['cp-1 s1: host', 'cp-2 s1: host+coordinator']);
});

test('a snapshot is there as long as some bytes of it are, and its proof with it', () => {
  const known = [reported('cp-1', [snapshot('s1')]), copied('cp-1', 's1'), proved(digestOf('a'))];
  expect(shown(after(...known))).toEqual(['cp-1 s1: host+coordinator proved']);
  const off = after(...known, reported('cp-1', [], ['s1']));
  expect([shown(off), off.proofs.size]).toEqual([['cp-1 s1: coordinator proved'], 1]);
  const lost = after(...known, reported('cp-1', [], ['s1']), removed('cp-1', 's1'));
  expect([shown(lost), lost.proofs.size]).toEqual([[], 0]);
});

test('other bytes under the same id are another snapshot: neither copied nor proved', () => {
  expect(shown(after(reported('cp-1', [snapshot('s1')]), copied('cp-1', 's1'), proved(digestOf('a')), reported('cp-1', [snapshot('s1', digestOf('b'))])))).toEqual(['cp-1 s1: host']);
});

test('a proof counts also for what is reported after it, by its digest alone', () => {
  expect(shown(after(reported('cp-1', [snapshot('s1')]), proved(digestOf('a')), reported('cp-1', [snapshot('s2')])))).toEqual(['cp-1 s1: host proved', 'cp-1 s2: host proved']);
});

test('what nobody reported has no copy, and no event is left out', () => {
  expect(() => after(copied('cp-1', 's1'))).toThrow('prod has no snapshot s1 of cp-1');
  expect(() => evolveSnapshots(emptySnapshots('prod'), 2, { ...reported('cp-1', []), atUnixMs: 0 })).toThrow('event 2 of the snapshots of prod follows 0');
});

test('an order is remembered until it is answered', () => {
  const ordered: SnapshotEventBody = { type: 'proof-ordered', command: 'c1', prover: 'worker-1', digest: digestOf('a') };
  expect(after(ordered).orders).toEqual([{ command: 'c1', prover: 'worker-1', digest: digestOf('a') }]);
  expect(after(reported('cp-1', [snapshot('s1')]), ordered, proved(digestOf('a'))).orders).toEqual([]);
});

test('a host that says what is known already says nothing, whatever it claims of cluster, copies and proof', () => {
  const known = after(reported('cp-1', [snapshot('s1')]), copied('cp-1', 's1'), proved(digestOf('a')));
  expect(newsOf(known, 'cp-1', [{ ...snapshot('s1'), cluster: 'another', copies: [{ kind: 'host', node: 'x' }], proof: null }], true)).toBeNull();
  expect(newsOf(known, 'cp-1', [snapshot('s1'), snapshot('s2')], true)).toEqual(reported('cp-1', [{ ...snapshot('s2'), cluster: 'prod' }]));
  expect(newsOf(known, 'cp-2', [], true)).toBeNull();
  expect(newsOf(known, 'cp-1', [], true)).toEqual(reported('cp-1', [], ['s1']));
  expect(newsOf(known, 'cp-1', [], false)).toBeNull();
  // It is gone from its host already, and comes back.
  const off = after(reported('cp-1', [snapshot('s1')]), copied('cp-1', 's1'), reported('cp-1', [], ['s1']));
  expect(newsOf(off, 'cp-1', [], true)).toBeNull();
  expect(newsOf(off, 'cp-1', [snapshot('s1')], true)).toEqual(reported('cp-1', [{ ...snapshot('s1'), cluster: 'prod', copies: [] }]));
});

test('one by one a host tells of no more than so many; its whole catalogue, and other hosts, are heard all the same', () => {
  const full = after(reported('cp-1', Array.from({ length: TOLD_MAX }, (_, index) => snapshot(`s${index}`))));
  const one = [snapshot('more')];
  expect([newsOf(full, 'cp-1', one, false), newsOf(full, 'cp-2', one, false)?.type, newsOf(full, 'cp-1', one, true)?.type]).toEqual([null, 'reported', 'reported']);
});
