import { status } from '@grpc/grpc-js';
import { beforeEach, expect, test } from 'vitest';

import { snapshotHandlers } from '../../../coordinator/api/snapshot-handlers.ts';
import type { Gate } from '../../../coordinator/api/unary.ts';
import { generateIdentity } from '../../../shared/age/age-keys.ts';
import { DEFAULT_POLICY } from '../../../shared/domain/policy.ts';
import type { SnapshotWorkDone } from '../../../shared/wire/messages.ts';
import { type DatastoreWorkBench, datastoreWorkBench } from '../../support/datastore-work-bench.ts';
import { silentLogger } from '../../support/silent-logger.ts';

const gate: Gate = { identify: async () => ({ name: 'ann', role: 'admin' }), audit: async () => undefined, logger: silentLogger };
let bench: DatastoreWorkBench;

beforeEach(async () => {
  bench = await datastoreWorkBench();
});

function handlers() {
  const { state, clock, log, work } = bench;
  return snapshotHandlers(gate, { state, clock, snapshots: log, datastores: work, stopping: new AbortController().signal });
}

/** @returns the answer, or the code and words of a refusal. */
async function ask(method: 'ListSnapshots' | 'ReportSnapshots', request: object): Promise<unknown> {
  const handler = handlers()[method] as (call: object, callback: (error: unknown, answer?: object) => void) => void;
  return await new Promise((resolve) => handler({ request }, (error, answer) => resolve(answer ?? error)));
}

/** @returns what it ends with, or the refusal. */
async function run(work: string, cluster: string): Promise<SnapshotWorkDone> {
  const handler = handlers().RunSnapshotWork as unknown as (call: object) => void;
  return await new Promise((resolve, reject) => handler({
    request: { work, cluster, node: '', snapshot: '' },
    on: () => undefined,
    write: ({ done }: { readonly done?: SnapshotWorkDone }) => done !== undefined && resolve(done),
    end: () => undefined,
    emit: (_name: string, error: Error) => reject(error),
  }));
}

test.each(['ListSnapshots', 'ReportSnapshots'] as const)('%s refuses a cluster that nobody is in, for it is mistyped', async (method) => {
  expect(await ask(method, { cluster: 'nroth' })).toMatchObject({ code: status.NOT_FOUND, details: 'no cluster is called "nroth"; `farrier node ls` lists them' });
});

test('a cluster of which there is no snapshot yet is known all the same', async () => {
  expect(await ask('ListSnapshots', { cluster: 'north' })).toEqual({ snapshots: [] });
  expect(await ask('ReportSnapshots', { cluster: 'north' })).toMatchObject({ clusters: [{ cluster: 'north' }] });
});

test.each(['SNAPSHOT_WORK_TAKE', 'SNAPSHOT_WORK_PROVE'])('%s warns where no person has a key to what came of it, and says what to do', async (work) => {
  expect((await run(work, 'north')).warning).toMatch(/only hosts of this fleet have a key to it.*age-keygen.*snapshots\.recipients/);
  bench.state.policy = { ...DEFAULT_POLICY, snapshots: { ...DEFAULT_POLICY.snapshots, recipients: [generateIdentity().recipient.text] } };
  expect((await run(work, 'north')).warning).toBe('');
});

test.each(['SNAPSHOT_WORK_TAKE', 'SNAPSHOT_WORK_PROVE', 'SNAPSHOT_WORK_DRILL'])('%s does nothing for such a cluster, and keeps nothing of it', async (work) => {
  await expect(run(work, 'nroth')).rejects.toMatchObject({ code: status.NOT_FOUND });
  expect(bench.log.clusters).not.toContain('nroth');
});
