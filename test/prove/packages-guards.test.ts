import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { StepSpec } from '../../shared/domain/step-spec.ts';
import { writeAptRepository } from '../fleet/apt-repository.ts';
import { makeDeb } from '../fleet/deb-package.ts';
import { downloadDebianPackages } from '../fleet/debian-packages.ts';
import { bootFleet, type Fleet } from '../fleet/fleet.ts';
import { codeFor, LonelyHost } from '../fleet/lonely-host.ts';
import { missingParts, notChecked } from '../fleet/missing-parts.ts';

const missing = await missingParts();
if (missing.length > 0) console.warn(notChecked('what else changes packages on a host', missing));

/** needrestart and all that a small Debian 12 lacks for it. */
const BINUTILS = `binutils-${process.arch === 'arm64' ? 'aarch64' : 'x86-64'}-linux-gnu`;
const NEEDRESTART = [
  'gettext-base', 'xz-utils', 'binutils-common', 'libbinutils', 'libctf-nobfd0', 'libctf0', ...(process.arch === 'arm64' ? [] : ['libgprofng0']), BINUTILS, 'binutils',
  'libintl-perl', 'libmodule-find-perl', 'libproc-processtable-perl', 'libsort-naturally-perl', 'libterm-readkey-perl', 'needrestart',
];
const UPDATES = 'apt-daily-upgrade.service';

function packages(install: Readonly<Record<string, string>>, source: string, name = 'packages'): StepSpec {
  return { kind: 'packages', name, timeoutMs: 120_000, install: Object.entries(install).map(([one, version]) => ({ name: one, version })), sources: [source], conffiles: 'keep' };
}

describe.skipIf(missing.length > 0)('packages on a host that others change too', () => {
  let fleet: Fleet;
  let hoof: LonelyHost;
  let generation = 0;
  const folder = mkdtempSync(join(tmpdir(), 'farrier-guards-'));
  const shared = join(folder, 'shared');

  beforeAll(async () => {
    const debs = join(folder, 'debs');
    const slow = '#!/bin/sh\nset -e\nif [ -e /root/slow ]; then touch /root/in-postinst; sleep "$(cat /root/slow)"; fi\n';
    const kube = (name: string, version: string, depends: readonly string[] = []) => makeDeb(debs, { name, version, depends, scripts: { postinst: slow } });
    // One repository a minor, as pkgs.k8s.io has them; 1.34 exists once more as a folder of files.
    const v133 = [await kube('kubeadm', '1.33.6-1.1'), await kube('kubelet', '1.33.6-1.1')];
    const v134 = [await kube('kubeadm', '1.34.2-1.1', ['cri-tools (>= 1.30)']), await kube('kubelet', '1.34.2-1.1', ['cri-tools (>= 1.30)']), await kube('cri-tools', '1.34.0-1.1')];
    await writeAptRepository(join(shared, 'v1.33'), v133);
    await writeAptRepository(join(shared, 'v1.34'), v134);
    for (const [name, paths] of [['offline', v134], ['needrestart', await downloadDebianPackages('bookworm', NEEDRESTART)]] as const) {
      mkdirSync(join(shared, name), { recursive: true });
      for (const path of paths) copyFileSync(path, join(shared, name, basename(path)));
    }
    fleet = await bootFleet({ hosts: [{ name: 'hoof' }], sharedFolders: { ...codeFor(folder), '/srv/shared': shared }, onProgress: console.log });
    hoof = new LonelyHost(fleet.host('hoof'));
    for (const minor of ['1.33', '1.34']) {
      await hoof.host.writeFile(`/etc/farrier/sources.d/kubernetes-${minor.replace('.', '-')}.sources`, `Types: deb\nURIs: file:/srv/shared/v${minor}\nSuites: ./\nTrusted: yes\n`);
    }
    await hoof.host.mustExec(['sh', '-c', 'cp -r /srv/shared/offline /srv/offline; chown -R root: /srv/offline; chmod -R go-w /srv/offline; ln -s /srv/offline /etc/farrier/sources.d/offline']);
    await hoof.host.mustExec(['sh', '-c', 'dpkg --install /srv/shared/v1.33/*.deb']);
  }, 10 * 60_000);

  afterAll(async () => {
    await fleet.tearDown();
    rmSync(folder, { recursive: true });
  });

  async function versions(): Promise<string> {
    return (await hoof.host.mustExec(['sh', '-c', "dpkg-query --show --showformat='${Package} ${Version} ${db:Status-Status}\\n' kubeadm kubelet cri-tools 2>/dev/null | grep -v not-installed; true"])).trim();
  }
  const is = async (argv: readonly string[]): Promise<boolean> => (await hoof.host.peek(argv)).exitCode === 0;
  /** Waits until dpkg runs a maintainer script. */
  async function atWork(): Promise<void> {
    for (let looks = 0; looks < 600 && !(await is(['test', '-e', '/root/in-postinst'])); looks += 1) await sleep(50);
  }
  const OLD = 'kubeadm 1.33.6-1.1 installed\nkubelet 1.33.6-1.1 installed';
  const NEW = 'cri-tools 1.34.0-1.1 installed\nkubeadm 1.34.2-1.1 installed\nkubelet 1.34.2-1.1 installed';

  test.each(['kubernetes-1-34', 'offline'])('kubeadm, then the kubelet, each a step, to the next minor from %s; and back', async (source) => {
    const up = await hoof.whole((generation += 1), [packages({ kubeadm: '1.34.2-1.1' }, source, 'kubeadm'), packages({ kubelet: '1.34.2-1.1' }, source, 'kubelet')]);
    expect(up.end).toMatchObject({ kind: 'done' });
    expect((await versions()).split('\n').toSorted().join('\n')).toBe(NEW);
    expect((await hoof.whole(generation + 1, generation)).end?.kind).toBe('done');
    generation += 1;
    expect((await versions()).split('\n').toSorted().join('\n')).toBe(OLD);
  });

  test('a key that is not there is named before anything is fetched', async () => {
    await hoof.host.writeFile('/etc/farrier/sources.d/signed.sources', 'Types: deb\nURIs: file:/srv/shared/v1.34\nSuites: ./\nSigned-By: /etc/apt/keyrings/kubernetes.gpg\n');
    const { end } = await hoof.stage((generation += 1), [packages({ kubeadm: '1.34.2-1.1' }, 'signed')]);
    expect([end?.kind, end?.outcome.code, end?.outcome.object]).toEqual(['refused', 'source-key-unusable', '/etc/apt/keyrings/kubernetes.gpg']);
  });

  test('an update that the host runs itself is waited for; none starts meanwhile, and all may afterwards', async () => {
    await hoof.host.writeFile(`/etc/systemd/system/${UPDATES}.d/test.conf`, '[Service]\nExecStartPre=\nExecStart=\nExecStart=/bin/sh -c "date +%%s.%%N >>/root/updated; while [ -e /root/updating ]; do sleep 0.2; done"\n');
    await hoof.host.mustExec(['systemctl', 'daemon-reload']);
    const units = async (): Promise<string> => hoof.host.mustExec(['sh', '-c', `find /run/systemd/system /etc/systemd/system | sort; systemctl show --property=ConditionResult,NeedDaemonReload,DropInPaths ${UPDATES}`]);
    await hoof.stage((generation += 1), [packages({ kubeadm: '1.34.2-1.1' }, 'offline')]);
    const before = await units();
    await hoof.host.writeFile('/root/updating', '');
    await hoof.host.mustExec(['systemctl', 'start', '--no-block', UPDATES]);
    await hoof.host.writeFile('/root/slow', '6\n');
    await hoof.agent('permit', String(generation));
    await hoof.until(generation, ({ kinds }) => kinds.includes('prior(0)'));
    // It runs, so nothing of ours does.
    await sleep(1_500);
    expect((await hoof.host.peek(['systemctl', 'is-active', UPDATES])).stdout.trim()).toBe('activating');
    expect(await is(['test', '-e', '/root/in-postinst'])).toBe(false);
    await hoof.host.mustExec(['rm', '/root/updating']);
    await atWork();
    const ran = await hoof.host.mustExec(['cat', '/root/updated']);
    await hoof.host.mustExec(['systemctl', 'start', UPDATES]);
    expect(await hoof.host.mustExec(['cat', '/root/updated'])).toBe(ran);
    expect((await hoof.over(generation)).end?.kind).toBe('done');
    expect((await hoof.host.mustExec(['sh', '-c', `cat /var/lib/lonely-agent/assignments/${generation}/steps/0/output.log`]))).toContain(`waits for ${UPDATES}`);
    expect((await units()).replaceAll(/ConditionResult=\w+/g, '')).toBe(before.replaceAll(/ConditionResult=\w+/g, ''));
    await hoof.host.mustExec(['systemctl', 'start', UPDATES]);
    expect(await hoof.host.mustExec(['cat', '/root/updated'])).not.toBe(ran);
    await hoof.host.mustExec(['rm', '/root/slow', '/root/in-postinst']);
    expect((await hoof.whole(generation + 1, generation)).end?.kind).toBe('done');
    generation += 1;
  });

  test('killed in the middle, what keeps updates away goes when it is put back', async () => {
    await hoof.host.writeFile('/root/slow', '20\n');
    await hoof.stage((generation += 1), [packages({ kubeadm: '1.34.2-1.1' }, 'offline')]);
    await hoof.agent('permit', String(generation));
    await atWork();
    await hoof.host.exec(['systemctl', 'kill', '--kill-whom=all', '--signal=SIGKILL', `farrier-assignment-${generation}-activate.service`]);
    await hoof.until(generation, ({ running }) => !running);
    expect(await hoof.host.mustExec(['sh', '-c', 'ls /run/systemd/system/*/farrier-transaction.conf | wc -l'])).toBe('2\n');
    await hoof.host.mustExec(['rm', '/root/slow']);
    await hoof.agent('drive');
    expect((await hoof.over(generation)).end?.kind).toBe('done');
    expect((await hoof.host.exec(['sh', '-c', 'ls /run/systemd/system/*/farrier-transaction.conf'])).exitCode).not.toBe(0);
    expect((await hoof.whole(generation + 1, generation)).end?.kind).toBe('done');
    generation += 1;
  });

  test('needrestart, which restarts whatever runs on an old file, is kept quiet', async () => {
    await hoof.host.mustExec(['sh', '-c', 'DEBIAN_FRONTEND=noninteractive dpkg --install /srv/shared/needrestart/*.deb'], { timeoutMs: 200_000 });
    await hoof.host.writeFile('/etc/needrestart/conf.d/auto.conf', "$nrconf{restart} = 'a';\n");
    await hoof.host.writeFile('/etc/systemd/system/sleeper.service', '[Service]\nExecStart=/usr/bin/sleeper 100000\n');
    await hoof.host.mustExec(['sh', '-c', 'cp /bin/sleep /usr/bin/sleeper; systemctl daemon-reload; systemctl start sleeper']);
    const pid = async (): Promise<string> => (await hoof.host.mustExec(['systemctl', 'show', '--property=MainPID', 'sleeper'])).trim();
    const old = await pid();
    await hoof.host.mustExec(['sh', '-c', 'cp /bin/sleep /usr/bin/sleeper.new; mv /usr/bin/sleeper.new /usr/bin/sleeper']);
    expect((await hoof.whole((generation += 1), [packages({ kubeadm: '1.34.2-1.1' }, 'offline')])).end?.kind).toBe('done');
    expect((await hoof.whole(generation + 1, generation)).end?.kind).toBe('done');
    generation += 1;
    expect(await pid()).toBe(old);
    // A person's apt on the same host shows that needrestart is there and would have.
    const [deb = ''] = readdirSync(join(shared, 'v1.34')).filter((name) => name.startsWith('cri-tools'));
    await hoof.host.mustExec(['sh', '-c', `DEBIAN_FRONTEND=noninteractive apt-get install -y /srv/shared/v1.34/${deb}`], { timeoutMs: 120_000 });
    expect(await pid()).not.toBe(old);
  });
});
