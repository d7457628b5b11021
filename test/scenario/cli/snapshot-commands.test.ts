import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { toSnapshotMessage } from '../../../shared/wire/snapshot-codec.ts';
import { NOON_UNIX_MS, runFarrier, transcriptOf } from '../../support/cli-run.ts';
import { exampleProof, exampleSnapshot } from '../../support/example-snapshot.ts';
import { FakeFleet, Refusal } from '../../support/fake-fleet.ts';

let fleet: FakeFleet;

beforeEach(async () => {
  fleet = await FakeFleet.start();
});
afterEach(async () => await fleet.stop());

const HOUR_MS = 3_600_000;
const taken = (id: string, agoMs: number, changes: Parameters<typeof exampleSnapshot>[0] = {}) => toSnapshotMessage(exampleSnapshot({ id, cluster: 'north', takenUnixMs: NOON_UNIX_MS - agoMs, ...changes }));
const YOUNG = { snapshot: taken('20261122-115000-0a1b2c3d', 600_000), node: 'cp-2', places: ['host'] };
const PROVED = { snapshot: taken('20261122-080000-9f3c1a2b', 4 * HOUR_MS, { proof: exampleProof(NOON_UNIX_MS - 3 * HOUR_MS) }), node: 'cp-1', places: ['host', 'coordinator'] };
const PLAIN = { snapshot: taken('20261121-120000-77aa01b2', 24 * HOUR_MS, { sealed: null, datastore: 'sqlite' }), node: 'edge-1', places: ['host'] };

const TARGETS = { takenWithinMs: HOUR_MS, provedWithinMs: 24 * HOUR_MS, restoredWithinMs: 2 * HOUR_MS };
const DRILL = { beganUnixMs: NOON_UNIX_MS - 2 * HOUR_MS, by: 'farrier', failure: '', snapshot: '20261122-080000-9f3c1a2b', prover: 'worker-1', rtoMs: 95_250, rpoMs: 2 * HOUR_MS, fetchMs: 42_000, phasesMs: { prepare: 20, unseal: 9_000, check: 4_000, restore: 30_000, start: 8_200, compare: 2_000, clean: 30 } };
const ALERT = {
  reason: 'copies-missed', message: 'no young snapshot of the cluster’s datastore lies anywhere but on its hosts: all of them lie on the hosts that took them', blockingObject: 'cluster south', sinceUnixMs: 0,
  whoCanUnblock: 'an operator: `farrier snapshot take CLUSTER`; an admin: the policy’s copyEvery', whatNext: 'nothing is blocked by it; whoever loses the hosts loses their snapshots', rollout: '',
};
const NORTH = { cluster: 'north', takenAgeMs: 600_000, provedAgeMs: 4 * HOUR_MS, newestTaken: YOUNG, newestProved: PROVED, newestOffHost: PROVED, lastDrill: DRILL, alerts: [], doing: '' };
const SOUTH = { cluster: 'south', takenAgeMs: 24 * HOUR_MS, newestTaken: PLAIN, alerts: [ALERT, { ...ALERT, reason: 'rpo-missed', message: 'the newest is too old', sinceUnixMs: NOON_UNIX_MS - 23 * HOUR_MS }], doing: 'takes a snapshot on edge-1: takes it: 12 MB of 40 MB', lastDrill: { ...DRILL, failure: 'no host can prove it', prover: '' } };

interface Scene {
  readonly name: string;
  readonly argv: readonly string[];
  readonly answers: Record<string, object>;
}

const SCENES: readonly Scene[] = [
  { name: 'snapshot-ls', argv: ['snapshot', 'ls'], answers: { ListSnapshots: { snapshots: [YOUNG, PROVED, PLAIN] } } },
  { name: 'snapshot-ls-empty', argv: ['snapshot', 'ls', 'north'], answers: { ListSnapshots: { snapshots: [] } } },
  { name: 'snapshot-take', argv: ['snapshot', 'take', 'north'], answers: { RunSnapshotWork: [{ doing: 'takes a snapshot on cp-2' }, { done: { snapshot: YOUNG, warning: '' } }] } },
  { name: 'snapshot-take-unsealed', argv: ['snapshot', 'take', 'edge', '--node', 'edge-1'], answers: { RunSnapshotWork: [{ done: { snapshot: PLAIN, warning: 'it is not sealed, so it stays on its host: name recipients in the policy (snapshots.recipients) or in agent.yaml' } }] } },
  { name: 'snapshot-take-refused', argv: ['snapshot', 'take', 'nowhere'], answers: { RunSnapshotWork: new Refusal(status.FAILED_PRECONDITION, 'no node of cluster "nowhere" keeps a datastore that a snapshot can be taken of; `farrier node ls` lists the nodes and their clusters') } },
  { name: 'snapshot-take-cut-off', argv: ['snapshot', 'take', 'north'], answers: { RunSnapshotWork: [{ doing: 'takes a snapshot on cp-2' }] } },
  { name: 'snapshot-prove', argv: ['snapshot', 'prove', 'north'], answers: { RunSnapshotWork: [{ done: { snapshot: PROVED, warning: '' } }] } },
  { name: 'snapshot-prove-refused', argv: ['snapshot', 'prove', 'north'], answers: { RunSnapshotWork: new Refusal(status.FAILED_PRECONDITION, 'no host can prove it. worker-1: it has not the programs of etcd 3.5; programs of etcd 3.5 are put into a host\'s `toolsFolder`, or added as artifacts and named under `etcdTools` in coordinator.yaml') } },
  { name: 'snapshot-drill', argv: ['snapshot', 'drill', 'north'], answers: { RunSnapshotWork: [{ done: { drill: DRILL, warning: '' } }] } },
  { name: 'snapshot-report', argv: ['snapshot', 'report'], answers: { ReportSnapshots: { ...TARGETS, clusters: [NORTH, SOUTH] } } },
  { name: 'snapshot-report-nothing', argv: ['snapshot', 'report'], answers: { ReportSnapshots: { ...TARGETS, clusters: [] } } },
];

describe.each(SCENES)('$name', ({ name, argv, answers }) => {
  test('text and JSON', async () => {
    Object.assign(fleet.answers, answers);
    const runs = [];
    for (const extra of [[], ['--json']]) {
      const run = await runFarrier([...argv, ...extra, '--socket', fleet.socket]);
      runs.push(transcriptOf([...argv, ...extra], run).replaceAll(fleet.socket, 'SOCKET'));
    }
    await expect(runs.join('\n')).toMatchFileSnapshot(`transcripts/${name}.txt`);
  });
});

test('what is asked for is asked of the coordinator', async () => {
  fleet.answers['RunSnapshotWork'] = [{ done: { warning: '' } }];
  for (const argv of [['take', 'north', '--node', 'cp-2'], ['prove', 'north', '--snapshot', 's1'], ['drill', 'north']]) await runFarrier(['snapshot', ...argv, '--socket', fleet.socket]);
  expect(fleet.requests.map(({ request }) => request)).toEqual([
    { work: 'SNAPSHOT_WORK_TAKE', cluster: 'north', node: 'cp-2', snapshot: '' },
    { work: 'SNAPSHOT_WORK_PROVE', cluster: 'north', node: '', snapshot: 's1' },
    { work: 'SNAPSHOT_WORK_DRILL', cluster: 'north', node: '', snapshot: '' },
  ]);
});
