import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { generateIdentity } from '../../shared/age/age-keys.ts';
import { buildFarrierPackages } from '../fleet/farrier/build-packages.ts';
import { CONTROL, FarrierFleet } from '../fleet/farrier/farrier-fleet.ts';
import { bootFleet, type Fleet } from '../fleet/fleet.ts';
import { missingParts, notChecked } from '../fleet/missing-parts.ts';
import { makeKubeadmCluster } from '../fleet/stand-ins/make-kubeadm-cluster.ts';
import { packStandIns } from '../fleet/stand-ins/pack-stand-ins.ts';
import { kubernetesVersions } from '../fleet/stand-ins/real-programs.ts';
import { unpackedPrograms } from '../fleet/unpacked-programs.ts';
import { say } from './say.ts';

const missing = await missingParts();
if (missing.length > 0) console.warn(notChecked('snapshots that a coordinator orders of real hosts', missing));

const TOOLS = '/srv/tools';
const PROVED_WITHIN_MS = 120_000;
const person = generateIdentity();
const POLICY = `apiVersion: farrier/v1\nkind: FleetPolicy\nspec: { snapshots: { recipients: [${person.recipient.text}] } }\n`;
const FILLED = '/srv/etcd-client/etcdctl --endpoints=https://127.0.0.1:2379 --cacert=/etc/kubernetes/pki/etcd/ca.crt --cert=/etc/kubernetes/pki/etcd/healthcheck-client.crt --key=/etc/kubernetes/pki/etcd/healthcheck-client.key put';

interface Listed {
  readonly snapshots: readonly { readonly node: string; readonly places: readonly string[]; readonly snapshot: { readonly id: string; readonly proof: { readonly provedBy: string } | null } }[];
}

describe.skipIf(missing.length > 0)('a coordinator, a control plane and a host that proves its snapshots', () => {
  const folder = mkdtempSync(join(tmpdir(), 'farrier-host-orders-'));
  const { old: version } = kubernetesVersions();
  let fleet: Fleet;
  let farrier: FarrierFleet;

  beforeAll(async () => {
    const packages = await buildFarrierPackages();
    const standIns = await packStandIns(folder, { kubernetes: [version] });
    const sharedFolders = { ...standIns.sharedFolders, [`${TOOLS}/3.5`]: await unpackedPrograms('trixie', 'etcd-server'), '/srv/etcd-client': await unpackedPrograms('trixie', 'etcd-client') };
    fleet = await bootFleet({ hosts: [{ name: CONTROL }, { name: 'cp', suite: 'trixie' }, { name: 'prover', suite: 'trixie' }], aptRepository: standIns.aptRepository, sharedFolders, onProgress: say });
    farrier = new FarrierFleet(fleet, packages);
    await Promise.all([makeKubeadmCluster(fleet, { controlPlanes: ['cp'], workers: [], version }), farrier.installCoordinator()]);
    await farrier.putPolicy(POLICY);
    const enrollment = await farrier.createToken({}, 'barn');
    await Promise.all(farrier.nodes.map(async (host) => {
      await host.writeFile('/etc/farrier/agent.d/snapshots.yaml', `${JSON.stringify({ snapshots: { toolsFolder: TOOLS } })}\n`);
      await farrier.installAgent(host, enrollment);
    }));
    await farrier.waitForSessions();
    await fleet.host('cp').mustExec(['sh', '-ec', `for n in $(seq 20); do head -c 750000 /dev/urandom | base64 --wrap=0 | ${FILLED} /registry/configmaps/default/large-$n >/dev/null; done`], { timeoutMs: 120_000 });
  });

  afterAll(async () => {
    await fleet?.tearDown();
    rmSync(folder, { recursive: true, force: true });
  });

  const list = async (): Promise<Listed['snapshots']> => (JSON.parse(await farrier.farrier(['snapshot', 'ls', '--json'])) as Listed).snapshots;

  test('one is proved on the other host; nothing but the sealed copy and the signed proof leaves', async () => {
    // Facts are read anew when an agent starts.
    await expect.poll(async () => JSON.parse(await farrier.farrier(['node', 'show', 'cp', '--json'])) as unknown, { timeout: 60_000 }).toMatchObject({ facts: { snapshots: { mayProve: false, tools: ['3.5'] } } });
    const proved = await farrier.farrier(['snapshot', 'prove', 'barn']);
    say(proved.replaceAll('\n', '; '));
    expect(proved).toMatch(/taken on {2}cp .*lies on {3}host, coordinator\nproved {4}on prover: digest, /s);
    expect(await list()).toMatchObject([{ node: 'cp', places: ['host', 'coordinator'], snapshot: { proof: { provedBy: 'prover' } } }]);
    const left = await fleet.host('prover').mustExec(['sh', '-c', 'ls /var/lib/farrier-snapshots; systemctl list-units --all --plain --no-legend "farrier-snapshot*" "farrier-proof*"']);
    expect(left).not.toMatch(/scratch(?!\.lock)|farrier-proof/);
    expect(await fleet.host('cp').mustExec(['sh', '-c', 'stat -c %a /var/lib/farrier-agent/snapshot-commands/*.command | sort -u'])).toBe('600\n');
  });

  test('a drill measures what a loss would cost', async () => {
    const drill = await farrier.farrier(['snapshot', 'drill', 'barn']);
    say(drill.replaceAll('\n', '; '));
    expect(drill).toMatch(/restored on {2}prover\nRTO .*fetch .*restore .*start .*\nRPO/s);
    expect(await farrier.farrier(['snapshot', 'report', 'barn'])).toContain('cluster barn: all targets are met');
  });

  test('agents and a coordinator that are killed in the middle lose nothing: the work goes on, and the next proof is made', async () => {
    const before = (await list()).length;
    const proving = farrier.tryFarrier(['snapshot', 'prove', 'barn']);
    await expect.poll(async () => await fleet.host('cp').mustExec(['sh', '-c', 'systemctl is-active farrier-snapshot.service || true']), { timeout: 60_000, interval: 50 }).toBe('active\n');
    await Promise.all(['cp', 'prover'].map(async (name) => await fleet.host(name).mustExec(['systemctl', 'kill', '--signal=SIGKILL', 'farrier-agent.service'])));
    await fleet.host(CONTROL).mustExec(['systemctl', 'kill', '--signal=SIGKILL', 'farrier-coordinator.service']);
    expect((await proving).exitCode).not.toBe(0);
    await expect.poll(async () => (await farrier.tryFarrier(['node', 'ls'])).exitCode, { timeout: PROVED_WITHIN_MS }).toBe(0);
    await farrier.waitForSessions(PROVED_WITHIN_MS);
    // What the unit had begun was finished without the agent, and told.
    await expect.poll(async () => (await list()).length, { timeout: PROVED_WITHIN_MS }).toBe(before + 1);
    expect(await farrier.farrier(['snapshot', 'prove', 'barn'])).toContain('proved    on prover');
  });
});
