import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

import { checkSnapshot } from '../../../../agent/snapshots/check-snapshot.ts';
import { compareRestored, newestRevision, type RestoredFacts } from '../../../../agent/snapshots/prove/compare-restored.ts';
import type { DatastoreLook } from '../../../../shared/domain/snapshot.ts';
import { boltFile, withTrailer } from '../../../support/bolt-file.ts';
import { exampleSnapshot } from '../../../support/example-snapshot.ts';
import { SAMPLE_DATASTORE } from '../../../support/sample-datastore.ts';

const folder = mkdtempSync(join(tmpdir(), 'farrier-compare-'));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, 'sample.db'), withTrailer(boltFile(SAMPLE_DATASTORE)));

const checked = await checkSnapshot(join(folder, 'sample.db'), { withKvHash: true });
if (!checked.ok || checked.kvHash === null) throw new Error('the sample is no snapshot');
const { kvHash, digest, totalKey } = checked;
const registryKeys = totalKey - checked.elsewhere;

const newest: DatastoreLook = { revision: 27, keys: totalKey, registryKeys, kubeSystem: null, hash: kvHash };
const look: DatastoreLook = { revision: 20, keys: 18, registryKeys: 18, kubeSystem: 'a'.repeat(64), hash: { hash: 77, compactRevision: 1 } };

/** A snapshot that holds what it should. */
const GOOD: RestoredFacts = {
  record: exampleSnapshot({ plain: { digest, sizeBytes: checked.size }, revision: 25, liveKeys: totalKey, look, member: { id: '10276657743932975437', name: 'm0' } }),
  snapshot: { ...checked, leases: 0 }, startedRevision: 27, newest, asTaken: look,
};

function outcomes(facts: RestoredFacts, outcome: 'different' | 'not-compared'): readonly string[] {
  return compareRestored(facts).filter((each) => each.outcome === outcome).map(({ fact, against }) => `${against} ${fact}`);
}

test('what is as it was taken is found the same, all of it', () => {
  expect(outcomes(GOOD, 'different')).toEqual([]);
  expect(outcomes(GOOD, 'not-compared')).toEqual([]);
  expect(compareRestored(GOOD)).toHaveLength(14);
});

describe('one thing that differs is found, and nothing else', () => {
  const { record, snapshot } = GOOD;
  test.each<[string, Partial<RestoredFacts>]>([
    ['record digest', { record: { ...record, plain: { ...record.plain, digest: 'f'.repeat(64) } } }],
    ['record revision', { record: { ...record, revision: 28 } }],
    ['record live-keys', { record: { ...record, liveKeys: totalKey + 1 } }],
    ['record member', { record: { ...record, member: { id: '7', name: 'm0' } } }],
    ['snapshot revision', { startedRevision: 26 }],
    ['snapshot revision', { startedRevision: 28 }],
    ['snapshot live-keys', { newest: { ...newest, keys: totalKey - 1 } }],
    ['snapshot registry-keys', { newest: { ...newest, registryKeys: registryKeys - 1 } }],
    ['snapshot registry-keys', { snapshot: { ...snapshot, registry: { ...snapshot.registry, pods: 1 } } }],
    ['snapshot key-value-hash', { newest: { ...newest, hash: { ...kvHash, hash: kvHash.hash + 1 } } }],
    ['snapshot key-value-hash', { newest: { ...newest, hash: { ...kvHash, compactRevision: 3 } } }],
    ['member revision', { newest: { ...newest, revision: 19 } }],
    ['member live-keys', { asTaken: { ...look, keys: 17 } }],
    ['member registry-keys', { asTaken: { ...look, registryKeys: 17 } }],
    ['member kube-system', { asTaken: { ...look, kubeSystem: null } }],
    ['member kube-system', { asTaken: { ...look, kubeSystem: 'b'.repeat(64) } }],
    ['member key-value-hash', { asTaken: { ...look, hash: { hash: 78, compactRevision: 1 } } }],
  ])('%s', (what, change) => {
    expect(outcomes({ ...GOOD, ...change }, 'different')).toEqual([what]);
  });
});

describe('what cannot be compared is said so, and taken for neither', () => {
  test.each<[string, Partial<RestoredFacts>, readonly string[]]>([
    ['nobody asked the member', { record: { ...GOOD.record, look: null }, asTaken: null }, ['member live-keys', 'member registry-keys', 'member kube-system', 'member key-value-hash']],
    ['its revision is compacted away', { asTaken: null }, ['member live-keys', 'member registry-keys', 'member kube-system', 'member key-value-hash']],
    ['more was compacted since', { asTaken: { ...look, hash: { hash: 99, compactRevision: 12 } } }, ['member key-value-hash']],
    ['the member could not hash it', { record: { ...GOOD.record, look: { ...look, hash: null } } }, ['member key-value-hash']],
    ['too many keys', { snapshot: { ...GOOD.snapshot, kvHash: null } }, ['snapshot key-value-hash']],
    ['too many groups', { snapshot: { ...GOOD.snapshot, registry: Object.fromEntries(Array.from({ length: 4096 }, (_none, index) => [String(index), 2])) } }, ['snapshot registry-keys']],
    ['nothing recorded', { record: { ...GOOD.record, liveKeys: null, member: { id: null, name: 'm0' } } }, ['record live-keys', 'record member']],
  ])('%s', (_what, change, left) => {
    const facts = { ...GOOD, ...change };
    expect(outcomes(facts, 'not-compared')).toEqual(left);
    expect(outcomes(facts, 'different')).toEqual([]);
    for (const { outcome, because } of compareRestored(facts)) expect(because === '').toBe(outcome !== 'not-compared');
  });
});

test('a lease that ended since the start is no difference', () => {
  expect(outcomes({ ...GOOD, snapshot: { ...GOOD.snapshot, leases: 1 }, startedRevision: 28 }, 'different')).toEqual([]);
  expect(outcomes({ ...GOOD, snapshot: { ...GOOD.snapshot, leases: 1 }, startedRevision: 26 }, 'different')).toEqual(['snapshot revision']);
});

test('a member is found among very many, and what is shown of them stays short', () => {
  const members = Array.from({ length: 256 }, (_none, index) => ({ id: (0xf000000000000000n + BigInt(index)).toString(16), name: '', peerUrls: [], clientUrls: [], isLearner: false }));
  const facts = { ...GOOD, snapshot: { ...GOOD.snapshot, members }, record: { ...GOOD.record, member: { id: 0xf0000000000000ffn.toString(), name: 'm0' } } };
  expect(outcomes(facts, 'different')).toEqual([]);
  expect(compareRestored(facts).find(({ fact }) => fact === 'member')?.found.length).toBeLessThan(300);
});

test('the newest revision is the last record\'s, or what was compacted to, and never below that of an empty datastore', () => {
  expect(newestRevision(GOOD.snapshot)).toBe(27);
  expect(newestRevision({ ...GOOD.snapshot, scheduledCompactRevision: 30 })).toBe(30);
  expect(newestRevision({ ...GOOD.snapshot, finishedCompactRevision: 31 })).toBe(31);
  expect(newestRevision({ ...GOOD.snapshot, revision: 0, scheduledCompactRevision: 0, finishedCompactRevision: 0 })).toBe(1);
});
