import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

import type { LocalDatastore } from '../../../agent/snapshots/local-datastore.ts';
import { generateIdentity } from '../../../shared/age/age-keys.ts';
import type { HostFacts } from '../../../shared/domain/host-facts.ts';
import type { CreateTokenResponse__Output } from '../../../shared/wire/messages.ts';
import { call } from '../../support/call.ts';
import { runFarrier } from '../../support/cli-run.ts';
import { memberFacts, proverFacts } from '../../support/datastore-work-bench.ts';
import { etcdProgramsOrSayWhy } from '../../support/etcd-programs.ts';
import { startEtcd } from '../../support/etcd-server.ts';
import { etcdToolsFolder } from '../../support/etcd-tools.ts';
import { processesIn } from '../../support/proof-lab.ts';
import { RunningCoordinator } from '../../support/running-coordinator.ts';
import { SnapshotAgent } from '../../support/snapshot-agent.ts';

const TEST_MAX_MS = 120_000;
const person = generateIdentity();
const POLICY = `
apiVersion: farrier/v1
kind: FleetPolicy
spec: { snapshots: { recipients: [${person.recipient.text}] } }
`;
const UPGRADE = `
apiVersion: farrier/v1
kind: Plan
metadata: { name: kubernetes-1-34 }
spec:
  allowControlPlaneOutage: true
  drain: never
  procedure: { kubeadm-upgrade: { version: v1.34.9, etcdUpgrade: false, sources: [local], pointsOfNoReturn: [control-plane] } }
`;

describe('over the real link, with a real etcd', async () => {
  const programs = await etcdProgramsOrSayWhy('trixie', 'snapshots that a coordinator orders');
  if (programs === null) {
    test('NOT CHECKED: no etcd', ({ skip }) => skip());
    return;
  }
  const etcd = await startEtcd(programs);
  await etcd.fill({ prefix: '/registry/pods/default', count: 200, valueBytes: 2_000 });
  const folder = mkdtempSync(join(tmpdir(), 'farrier-ordered-'));
  const toolsFolder = etcdToolsFolder(join(folder, 'tools'), programs);
  const coordinator = await RunningCoordinator.start();
  await call((done) => coordinator.admin.PutPolicy({ yaml: POLICY, file: 'policy.yaml' }, done));
  const token = await call<CreateTokenResponse__Output>((done) => coordinator.admin.CreateToken({ uses: 5, cluster: 'north' }, done));
  const version = (await etcd.ctl('version')).includes('3.5') ? '3.5.16' : '';
  const ofMember = memberFacts() as HostFacts & { readonly kubernetes: object };
  const facts = { ...ofMember, kubernetes: { ...ofMember.kubernetes, certificates: [], etcd: { kind: 'stacked', version, experimentalFlags: [] } } } as HostFacts;
  const datastore: LocalDatastore = { kind: 'etcd', installation: 'kubeadm', etcd: { ...etcd.place, dataDir: etcd.dataDir } };
  const cp = await SnapshotAgent.enrolled('cp-1', { ...token, facts, datastore, toolsFolder });
  const worker = await SnapshotAgent.enrolled('worker-1', { ...token, facts: proverFacts(), datastore: null, toolsFolder });
  for (const agent of [cp, worker]) agent.connect();
  afterAll(async () => {
    for (const agent of [cp, worker]) await agent.dispose();
    await coordinator.destroy();
    await etcd.dispose();
    rmSync(folder, { recursive: true });
  });
  const farrier = async (...argv: readonly string[]): Promise<string> => {
    const run = await runFarrier([...argv, '--socket', coordinator.settings.adminSocket]);
    expect([run.exitCode, run.stderr.filter((line) => line.startsWith('farrier:'))]).toEqual([0, []]);
    return run.stdout.join('\n');
  };
  const copiesFolder = join(coordinator.settings.dataFolder, 'snapshots');
  const copies = (): readonly string[] => readdirSync(copiesFolder);

  test('a rollout that needs a proof starts, says so, and has it made by itself', { timeout: TEST_MAX_MS }, async () => {
    await expect.poll(async () => (await farrier('node', 'ls')).match(/connected/g)?.length, { timeout: 30_000 }).toBe(2);
    expect(await farrier('snapshot', 'ls')).toContain('no snapshots yet');
    const plan = join(folder, 'upgrade.yaml');
    writeFileSync(plan, UPGRADE);
    const started = await runFarrier(['rollout', 'start', plan, '--socket', coordinator.settings.adminSocket]);
    expect([started.exitCode, [...started.stdout, ...started.stderr].join('\n')]).toEqual([0, expect.stringContaining('cp-1: nothing proves yet that the datastore of north can be brought back: the rollout has a snapshot taken, restored and compared first')]);
    await expect.poll(async () => await farrier('snapshot', 'ls'), { timeout: 60_000 }).toMatch(/cp-1 .* ago on worker-1/);
    // Nobody asked for it: the controller did.
    expect(await farrier('audit')).not.toContain('snapshot prove');
    await farrier('rollout', 'abort', '--why', 'it was for the proof');
  });

  test('a snapshot is taken, catalogued, and brought to the coordinator, where it can be read by nobody', { timeout: TEST_MAX_MS }, async () => {
    const before = copies();
    expect(await farrier('snapshot', 'take', 'north')).toMatch(/taken on {2}cp-1 .*sealed {4}yes\nlies on {3}host, coordinator$/s);
    const listed = JSON.parse(await farrier('snapshot', 'ls', 'north', '--json')) as { readonly snapshots: readonly { readonly places: readonly string[]; readonly snapshot: { readonly cluster: string; readonly sealed: { readonly sha256: string; readonly recipients: readonly string[] } } }[] };
    expect(listed.snapshots.slice(0, 1)).toMatchObject([{ node: 'cp-1', places: ['host', 'coordinator'], snapshot: { cluster: 'north', datastore: 'etcd', proof: null } }]);
    expect(listed.snapshots[0]?.snapshot.sealed.recipients).toContain(person.recipient.fingerprint);
    const copied = copies().filter((name) => !before.includes(name));
    expect(copied).toEqual([listed.snapshots[0]?.snapshot.sealed.sha256]);
    expect(readFileSync(join(copiesFolder, copied[0] ?? '')).subarray(0, 21).toString()).toBe('age-encryption.org/v1');
  });

  test('one is proved on another host, and a drill says what a loss would cost', { timeout: TEST_MAX_MS }, async () => {
    await etcd.ctl('put', '/registry/pods/default/new', 'new');
    expect(await farrier('snapshot', 'prove', 'north')).toMatch(/lies on {3}host, coordinator\nproved {4}on worker-1: digest, .*structure/s);
    expect(await farrier('snapshot', 'drill', 'north')).toMatch(/restored on {2}worker-1\nRTO .*fetch .*restore .*\nRPO/s);
    const report = await farrier('snapshot', 'report', 'north');
    expect(report).toContain('cluster north: all targets are met');
    // Nothing of it stays where it was proved.
    expect([existsSync(join(worker.folder, 'scratch')), existsSync(join(worker.folder, 'scratch-fetched')), processesIn(worker.folder)]).toEqual([false, false, []]);
    const who = await farrier('audit', '--last', '10');
    for (const action of ['snapshot take', 'snapshot prove', 'snapshot drill']) expect(who).toContain(action);
  });

  test('what was taken and proved is known after a restart of the coordinator, and hosts send it no second time', { timeout: TEST_MAX_MS }, async () => {
    const before = await farrier('snapshot', 'ls', '--json');
    await coordinator.stop();
    await coordinator.resume();
    await expect.poll(async () => (await farrier('node', 'ls')).match(/connected/g)?.length, { timeout: 30_000 }).toBe(2);
    expect(await farrier('snapshot', 'ls', '--json')).toBe(before);
    const started = cp.started.length;
    await farrier('snapshot', 'take', 'north');
    expect(cp.started.length - started).toBe(2);
  });

  test('what carries an order out and is killed twice is told as interrupted, and the next one goes well', { timeout: TEST_MAX_MS }, async () => {
    cp.killUnits = true;
    const run = await runFarrier(['snapshot', 'take', 'north', '--socket', coordinator.settings.adminSocket]);
    cp.killUnits = false;
    expect([run.exitCode, run.stderr.join('\n')]).toEqual([1, expect.stringContaining('ended without a word, twice')]);
    expect(await farrier('snapshot', 'take', 'north')).toContain('taken on  cp-1');
  });
});
