import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { formatIdentity, generateIdentity } from '../../shared/age/age-keys.ts';
import { bootFleet, type Fleet } from '../fleet/fleet.ts';
import { missingParts, notChecked } from '../fleet/missing-parts.ts';
import { SNAPSHOTS, SnapshotHost } from '../fleet/snapshot-host.ts';
import { makeK3sCluster } from '../fleet/stand-ins/make-k3s-cluster.ts';
import { makeKubeadmCluster } from '../fleet/stand-ins/make-kubeadm-cluster.ts';
import { packStandIns } from '../fleet/stand-ins/pack-stand-ins.ts';
import { kubernetesVersions } from '../fleet/stand-ins/real-programs.ts';
import { unpackedPrograms } from '../fleet/unpacked-programs.ts';
import { builtPackage } from '../support/built-package.ts';
import type { EtcdSaw } from './etcd-rows.ts';
import { say } from './say.ts';

const missing = await missingParts();
if (missing.length > 0) console.warn(notChecked('snapshots that hosts take of their own datastore', missing));

const K3S = 'v1.33.9+k3s1';
const TOOLS = '/srv/tools';
const SLOW_BYTES_PER_S = 2_000_000;
const TAKEN_WITHIN_MS = 180_000;
const ETCDCTL = ['/srv/etcd-client/etcdctl', '--endpoints=https://127.0.0.1:2379', '--cacert=/etc/kubernetes/pki/etcd/ca.crt', '--cert=/etc/kubernetes/pki/etcd/healthcheck-client.crt', '--key=/etc/kubernetes/pki/etcd/healthcheck-client.key'].join(' ');
/** For a table of what hosts did. */
const saw = (host: string, what: string, said: string): EtcdSaw => ({ table: 'snapshots on hosts', rows: [{ HOST: host, WHAT: what, SEEN: said }] });
const person = generateIdentity();
const SETTINGS = { cluster: 'barn', recipients: [person.recipient.text], toolsFolder: TOOLS, keep: { newest: 2 } };

describe.skipIf(missing.length > 0)('hosts that take snapshots of their own datastore, with no coordinator', () => {
  const folder = mkdtempSync(join(tmpdir(), 'farrier-host-snapshots-'));
  const { old: version } = kubernetesVersions();
  let fleet: Fleet;
  const on = (name: string): SnapshotHost => new SnapshotHost(fleet.host(name));

  /** In MB, as the kernel counts what is resident. */
  const agentMemory = async (name: string): Promise<number> => {
    const status = await fleet.host(name).mustExec(['sh', '-c', 'cat /proc/$(systemctl show -P MainPID farrier-agent)/status']);
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024);
  };

  beforeAll(async () => {
    const standIns = await packStandIns(folder, { kubernetes: [version], k3s: [K3S] });
    const deb = async (name: 'farrier-agent' | 'farrier-coordinator'): Promise<string> => `/srv/packages/${basename((await builtPackage({ name, outFolder: folder })).path)}`;
    const [agent, coordinator] = [await deb('farrier-agent'), await deb('farrier-coordinator')];
    fleet = await bootFleet({
      hosts: [{ name: 'cp12' }, { name: 'cp13', suite: 'trixie' }, { name: 'edge' }], aptRepository: standIns.aptRepository, onProgress: say,
      sharedFolders: { ...standIns.sharedFolders, '/srv/packages': folder, [`${TOOLS}/3.5`]: await unpackedPrograms('trixie', 'etcd-server'), '/srv/etcd-client': await unpackedPrograms('trixie', 'etcd-client') },
    });
    await Promise.all(['cp12', 'cp13', 'edge'].map(async (name) => {
      await on(name).settings(SETTINGS);
      await on(name).install(agent, coordinator);
    }));
    for (const name of ['cp12', 'cp13']) await makeKubeadmCluster(fleet, { controlPlanes: [name], workers: [], version });
    await makeK3sCluster(fleet, standIns, { server: 'edge', agents: [], version: K3S });
    // Some 30 MB that do not compress.
    for (const name of ['cp12', 'cp13']) await fleet.host(name).mustExec(['sh', '-ec', `for n in $(seq 30); do head -c 750000 /dev/urandom | base64 --wrap=0 | ${ETCDCTL} put /registry/configmaps/default/large-$n >/dev/null; done`], { timeoutMs: 120_000 });
  });

  afterAll(async () => {
    await fleet?.tearDown();
    rmSync(folder, { recursive: true, force: true });
  });

  describe.each([['cp12', 'Debian 12'], ['cp13', 'Debian 13']])('%s, a control plane of kubeadm on %s', (name) => {
    test('takes one and proves it at once; nothing but the snapshot stays', async ({ task }) => {
      const taken = await on(name).run('take', '--prove');
      expect(taken.stderr + taken.stdout).toMatch(/proves it[\s\S]*snapshot \S+ of \d+ MB, sealed in \d+ MB, proved/);
      expect(taken.exitCode).toBe(0);
      const { snapshots: [newest], problems } = await on(name).list();
      expect(problems).toEqual([]);
      expect(newest).toMatchObject({ cluster: 'barn', datastore: 'etcd', version: expect.stringMatching(/^3\.5\./), member: { name }, proof: { provedBy: name, compared: expect.arrayContaining(['revision', 'live-keys', 'key-value-hash', 'cluster-identity']) } });
      expect(newest?.look?.kubeSystem ?? 'no namespace').toMatch(/^[0-9a-f]{64}$|^no namespace$/);
      expect(await on(name).units()).toBe('');
      const lying = await fleet.host(name).mustExec(['sh', '-c', `cd ${SNAPSHOTS} && find . -printf '%M %u %p\\n' | sort -k3`]);
      expect(lying.replaceAll(newest?.id ?? '', 'ID').trim().split('\n')).toEqual([
        'drwx------ root .', '-rw------- root ./outcomes.json', '-rw------- root ./scratch.lock', 'drwx------ root ./taken', '-rw------- root ./taken.lock', '-rw------- root ./taken/ID.record', '-rw------- root ./taken/ID.snapshot', '-rw------- root ./work.lock',
      ]);
      task.meta.saw = saw(name, 'take --prove', taken.stdout.trim());
    });

    test('that lies there sealed is proved with the key of a person, and not without', async () => {
      const { snapshots: [newest] } = await on(name).list();
      await fleet.host(name).writeFile('/root/key.txt', `${formatIdentity(person)}\n`);
      const proved = await on(name).outcome('prove', '--id', newest?.id ?? '', '--identity', '/root/key.txt');
      expect(proved).toMatchObject({ code: 'ok', kind: 'prove', snapshot: newest?.id });
      expect(await on(name).outcome('prove')).toMatchObject({ code: 'not-opened' });
      await fleet.host(name).mustExec(['rm', '/root/key.txt']);
    });

    test('a byte that flips is found, and the one before it stays the newest proved one', async ({ task }) => {
      const { snapshots: [first] } = await on(name).list();
      const second = await on(name).outcome('take', '--prove');
      expect(second).toMatchObject({ code: 'ok' });
      const path = `${SNAPSHOTS}/taken/${second.snapshot}.snapshot`;
      await fleet.host(name).mustExec(['perl', '-e', 'open(my $f, "+<", $ARGV[0]) or die; seek($f, 1000000, 0); read($f, my $b, 1); seek($f, 1000000, 0); print $f chr(ord($b) ^ 1); close($f) or die', path]);
      const checked = await on(name).run('check');
      expect(checked.exitCode).toBe(1);
      expect(checked.stdout).toMatch(new RegExp(`^damaged ${second.snapshot}: its bytes are not those that were written$`, 'm'));
      expect(checked.stdout).toMatch(new RegExp(`^ok +${first?.id}: `, 'm'));
      expect((await on(name).list()).snapshots.map(({ proof }) => proof !== null)).toEqual([false, true]);
      task.meta.saw = saw(name, 'a byte of it flips', checked.stderr.trim().split('\n').at(-1) ?? '');
    });

    test('the agent takes them by itself when they are due, and those go that nothing keeps', async ({ task }) => {
      const before = await on(name).list();
      const memory = [await agentMemory(name)];
      await on(name).settings({ ...SETTINGS, every: '1m', jitter: '0s', proveOnControlPlane: true });
      await fleet.host(name).mustExec(['systemctl', 'restart', 'farrier-agent']);
      const took = async () => (await on(name).list()).lastTaking;
      await expect.poll(took, { timeout: TAKEN_WITHIN_MS, interval: 2_000 }).toMatchObject({ by: 'schedule', code: 'ok', endedUnixMs: expect.any(Number) });
      const proved = before.snapshots.findLast(({ proof }) => proof !== null);
      const first = await took();
      await expect.poll(async () => (await took())?.snapshot, { timeout: TAKEN_WITHIN_MS, interval: 2_000 }).not.toBe(first?.snapshot);
      await expect.poll(took, { timeout: TAKEN_WITHIN_MS, interval: 2_000 }).toMatchObject({ code: 'ok', endedUnixMs: expect.any(Number) });
      const after = await on(name).list();
      // Two by the settings; these are proved too, so the old proved one has done its duty.
      expect(after.snapshots).toHaveLength(2);
      expect(after.snapshots.map(({ id }) => id)).not.toContain(proved?.id);
      expect(await fleet.host(name).mustExec(['farrier-agent', 'status'])).toMatch(/snapshots +the last went well at \S+: snapshot \S+ of/);
      memory.push(await agentMemory(name));
      task.meta.saw = saw(name, 'every minute, by the agent', `two taken and proved, two kept; the agent holds ${memory[1]} MB, ${memory[0]} MB before`);
      await on(name).settings(SETTINGS);
      await fleet.host(name).mustExec(['systemctl', 'restart', 'farrier-agent']);
    });

    test('what fails is kept and told, by status and by doctor; the next one that goes well ends that', async ({ task }) => {
      const host = fleet.host(name);
      await host.mustExec(['mv', '/etc/kubernetes/pki/etcd/healthcheck-client.key', '/root/kept.key']);
      const failed = await on(name).run('take');
      expect(failed).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('etcd cannot be asked without its certificates') });
      expect(await host.mustExec(['farrier-agent', 'status'])).toMatch(/snapshots +the last certificate-unreadable at /);
      expect((await host.exec(['farrier-agent', 'doctor'])).stdout).toMatch(/FAILED +snapshots +the last taking, at \S+, failed: etcd cannot be asked/);
      task.meta.saw = saw(name, 'no certificate for etcd', failed.stderr.trim().split('\n').at(-1) ?? '');
      await host.mustExec(['mv', '/root/kept.key', '/etc/kubernetes/pki/etcd/healthcheck-client.key']);
      expect(await on(name).outcome('take')).toMatchObject({ code: 'ok' });
      expect((await host.exec(['farrier-agent', 'doctor'])).stdout).toMatch(/warning +snapshots +none is taken by itself; the newest is of /);
    });

    test('two at once are one, and an agent that is killed meanwhile ends neither', async ({ task }) => {
      const host = fleet.host(name);
      await on(name).settings({ ...SETTINGS, maxBytesPerSecond: 10_000_000 });
      const first = on(name).outcome('take');
      await expect.poll(async () => (await host.exec(['systemctl', 'is-active', 'farrier-snapshot'])).stdout.trim(), { timeout: 20_000, interval: 100 }).toBe('active');
      expect(await on(name).run('take')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("something else works on this host's snapshots") });
      await host.mustExec(['systemctl', 'kill', '--signal=SIGKILL', 'farrier-agent']);
      const ended = await first;
      expect(ended).toMatchObject({ code: 'ok' });
      task.meta.saw = saw(name, 'a second taking, agent killed', ended.message);
    });

    test('a full disk is said, also where it takes no word of it, and harms no snapshot', async ({ task }) => {
      const host = fleet.host(name);
      const before = await on(name).list();
      await host.fillDisk();
      try {
        expect(await on(name).outcome('take')).toMatchObject({ code: 'disk-full', message: expect.stringMatching(/^the snapshot needs up to \d+ MB/) });
        const { lastTaking } = await on(name).list();
        expect(lastTaking).toMatchObject({ code: 'disk-full' });
        task.meta.saw = saw(name, 'disk full', lastTaking?.message ?? '');
      } finally {
        await host.unfill();
      }
      expect((await on(name).list()).snapshots.map(({ id }) => id)).toEqual(before.snapshots.map(({ id }) => id));
      expect(await on(name).outcome('check')).toMatchObject({ code: expect.stringMatching(/^ok$/) });
    });

    test('a power cut in the middle leaves the newest good one, and the agent makes up for what was missed', { timeout: 10 * 60_000 }, async ({ task }) => {
      const host = fleet.host(name);
      const good = await on(name).outcome('take', '--prove');
      expect(good).toMatchObject({ code: 'ok' });
      await on(name).settings({ ...SETTINGS, maxBytesPerSecond: SLOW_BYTES_PER_S });
      const half = async (): Promise<number> => Number((await host.peek(['sh', '-c', `cat ${SNAPSHOTS}/taken/*.part 2>/dev/null | wc -c`])).stdout);
      const cut = on(name).run('take').catch(() => null);
      await expect.poll(half, { timeout: 60_000, interval: 100 }).toBeGreaterThan(4_000_000);
      await on(name).settings({ ...SETTINGS, every: '1m', jitter: '0s' });
      await host.mustExec(['sync', '--file-system', '/etc/farrier']);
      const cutBytes = await half();
      await host.powerCut();
      await cut;
      await host.boot();
      const checked = await on(name).outcome('check', '--id', good.snapshot ?? '');
      expect(checked).toMatchObject({ code: 'ok' });
      await expect.poll(async () => (await on(name).list()).lastTaking, { timeout: TAKEN_WITHIN_MS, interval: 2_000 }).toMatchObject({ by: 'schedule', code: 'ok', endedUnixMs: expect.any(Number) });
      const { snapshots, problems } = await on(name).list();
      expect(problems).toEqual([]);
      expect(snapshots.map(({ id }) => id)).toContain(good.snapshot);
      expect(await half()).toBe(0);
      task.meta.saw = saw(name, `power cut after ${Math.round(cutBytes / 1e6)} MB`, `${checked.message}; the agent took the next one by itself`);
    });
  });

  describe('edge, a server of K3s with SQLite', () => {
    test('takes one and proves it at once, while K3s writes', async ({ task }) => {
      const taken = await on('edge').run('take', '--prove');
      expect(taken.stderr + taken.stdout).toMatch(/snapshot \S+ of \d+ MB, sealed in \d+ MB, proved$/m);
      expect(taken.exitCode).toBe(0);
      const { snapshots: [newest], problems } = await on('edge').list();
      expect(problems).toEqual([]);
      expect(newest).toMatchObject({ datastore: 'sqlite', version: K3S, proof: { compared: ['digest', 'structure', 'revision', 'live-keys', 'token'] } });
      expect(await on('edge').outcome('check')).toMatchObject({ code: 'ok' });
      expect(await on('edge').units()).toBe('');
      task.meta.saw = saw('edge', 'take --prove of SQLite', taken.stdout.trim());
    });
  });

  test('a host that is none of a control plane says so', async () => {
    // The coordinator's own machine, say: nothing of Kubernetes lies on it any more.
    const host = fleet.host('edge');
    await host.mustExec(['sh', '-c', 'systemctl disable --quiet --now k3s; rm /etc/systemd/system/k3s.service; systemctl daemon-reload']);
    expect(await on('edge').outcome('take')).toMatchObject({ code: 'no-datastore' });
    expect((await host.exec(['farrier-agent', 'doctor'])).stdout).toMatch(/ok +snapshots +there is nothing to take a snapshot of/);
  });
});
