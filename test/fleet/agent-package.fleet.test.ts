import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { builtPackage } from '../support/built-package.ts';
import { bootFleet } from './fleet.ts';
import type { Fleet } from './fleet.ts';
import type { Host } from './host.ts';

const OLD_VERSION = '0.1.0';
const NEW_VERSION = '0.1.1~test';
let packages = '';
let fleet: Fleet;
let host: Host;
const debs = { old: '', next: '', coordinator: '' };

beforeAll(async () => {
  packages = mkdtempSync(join(tmpdir(), 'farrier-packages-'));
  const build = async (name: 'farrier-agent' | 'farrier-coordinator', version?: string): Promise<string> =>
    `/srv/packages/${basename((await builtPackage({ name, outFolder: packages, ...(version === undefined ? {} : { version }) })).path)}`;
  debs.old = await build('farrier-agent');
  debs.next = await build('farrier-agent', NEW_VERSION);
  debs.coordinator = await build('farrier-coordinator');
  fleet = await bootFleet({ hosts: [{ name: 'h1' }], sharedFolders: { '/srv/packages': packages } });
  host = fleet.host('h1');
});

afterAll(async () => {
  await fleet?.tearDown();
  rmSync(packages, { recursive: true, force: true });
});

const shell = (script: string): Promise<string> => host.mustExec(['sh', '-ec', script]);
const unitProperty = async (unit: string, name: string): Promise<string> => (await shell(`systemctl show -P ${name} ${unit}`)).trim();

describe('the packages on a host, in order', () => {
  test('install, make a fleet of one, enroll, connect', async () => {
    await host.mustExec(['dpkg', '-i', debs.coordinator, debs.old]);
    expect(await unitProperty('farrier-agent', 'ActiveState')).toBe('inactive');
    expect(await unitProperty('farrier-coordinator', 'ActiveState')).toBe('inactive');
    await shell("printf 'fleet: edge\\nadvertise: localhost\\n' > /etc/farrier/coordinator.yaml; systemctl enable --now farrier-coordinator");
    const { token, caHash } = JSON.parse(await host.mustExec(['farrier', '--json', 'token', 'create'])) as { readonly token: string; readonly caHash: string };
    await host.mustExec(['farrier-agent', 'enroll', '--coordinator', 'localhost:7444', '--token', token, '--ca-hash', caHash]);
    await host.mustExec(['systemctl', 'start', 'farrier-agent']);
    await expect.poll(() => host.mustExec(['farrier', 'node', 'ls']), { timeout: 20_000, interval: 500 }).toMatch(/h1\s+connected/);
  });

  test('the admin socket is root’s alone', async () => {
    expect((await shell('stat -c "%a %U" /run/farrier-coordinator /run/farrier-coordinator/admin.sock')).trim().split('\n')).toEqual(['700 farrier-coordinator', '600 farrier-coordinator']);
    const asNobody = await host.exec(['setpriv', '--reuid=65534', '--clear-groups', 'farrier', '--socket', '/run/farrier-coordinator/admin.sock', 'node', 'ls']);
    expect(asNobody.exitCode).not.toBe(0);
    expect(await shell('ps -o user= -p $(systemctl show -P MainPID farrier-coordinator)')).toMatch(/^farrier/);
  });

  test('the agent runs with no capability, and within its memory', async () => {
    const pid = await unitProperty('farrier-agent', 'MainPID');
    const status = await shell(`cat /proc/${pid}/status`);
    expect(status).toMatch(/CapEff:\s+0{16}/);
    expect(status).toMatch(/NoNewPrivs:\s+1/);
    expect(status).toMatch(/Seccomp:\s+2/);
    const rssKib = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
    // 65 MB were measured; half as much again would be another program.
    expect(rssKib).toBeGreaterThan(30_000);
    expect(rssKib).toBeLessThan(90_000);
  });

  test('the watchdog’s timer comes by and leaves no line behind', async () => {
    expect(await unitProperty('farrier-agent-watchdog.timer', 'ActiveState')).toBe('active');
    await shell('systemctl start farrier-agent-watchdog.service');
    expect(await shell('journalctl --no-pager -o cat -u farrier-agent-watchdog.service')).not.toMatch(/skipped|Starting|Finished/);
    await shell('mkdir -p /var/lib/farrier-agent/watchdog; echo 9999999999999 > /var/lib/farrier-agent/watchdog/7; systemctl start farrier-agent-watchdog.service');
    expect(await unitProperty('farrier-agent-watchdog.service', 'Result')).toBe('success');
    expect(await unitProperty('farrier-agent-watchdog.service', 'ExecMainStatus')).toBe('0');
    await shell('rm -r /var/lib/farrier-agent/watchdog');
  });

  test('an agent that is killed or hangs is started again, and pings while it lives', async () => {
    await shell("mkdir -p /run/systemd/system/farrier-agent.service.d; printf '[Service]\\nWatchdogSec=6\\n' > /run/systemd/system/farrier-agent.service.d/quick.conf; systemctl daemon-reload; systemctl restart farrier-agent");
    const restarts = async (): Promise<number> => Number(await unitProperty('farrier-agent', 'NRestarts'));
    const first = await restarts();
    await sleep(9_000);
    // Longer than the watchdog's time: it was pinged, from within the sandbox.
    expect(await restarts()).toBe(first);
    await shell('kill -KILL $(systemctl show -P MainPID farrier-agent)');
    await expect.poll(restarts, { timeout: 10_000, interval: 250 }).toBe(first + 1);
    await expect.poll(() => unitProperty('farrier-agent', 'ActiveState'), { timeout: 10_000, interval: 250 }).toBe('active');
    await shell('kill -STOP $(systemctl show -P MainPID farrier-agent)');
    await expect.poll(restarts, { timeout: 30_000, interval: 500 }).toBe(first + 2);
    await shell('rm -r /run/systemd/system/farrier-agent.service.d; systemctl daemon-reload; systemctl restart farrier-agent');
  });

  test('an upgrade leaves work units alone, and `current` leads to the new version', async () => {
    await shell('systemd-run --quiet --unit=farrier-assignment-5-activate sleep 600');
    const worker = await unitProperty('farrier-assignment-5-activate', 'MainPID');
    const before = await unitProperty('farrier-agent', 'MainPID');
    await host.mustExec(['dpkg', '-i', debs.next]);
    expect((await host.mustExec(['farrier-agent', '--version'])).trim()).toBe(NEW_VERSION);
    expect(await unitProperty('farrier-assignment-5-activate', 'MainPID')).toBe(worker);
    expect(await unitProperty('farrier-agent', 'ActiveState')).toBe('active');
    expect(await unitProperty('farrier-agent', 'MainPID')).not.toBe(before);
    expect((await shell('ls /usr/lib/farrier-agent')).trim().split('\n')).toEqual([OLD_VERSION, NEW_VERSION, 'current', 'package']);
  });

  test('a third version takes the first one’s place; a version put in anew with other content takes its own', async () => {
    await host.mustExec(['dpkg', '-i', debs.old]);
    expect((await host.mustExec(['farrier-agent', '--version'])).trim()).toBe(OLD_VERSION);
    await shell(`mkdir /usr/lib/farrier-agent/0.0.9; rm /usr/lib/farrier-agent/${NEW_VERSION}/agent.mjs`);
    await host.mustExec(['dpkg', '-i', debs.next]);
    expect((await shell('ls /usr/lib/farrier-agent')).trim().split('\n')).toEqual([OLD_VERSION, NEW_VERSION, 'current', 'package']);
    expect((await host.mustExec(['farrier-agent', '--version'])).trim()).toBe(NEW_VERSION);
  });

  test('a link that leads to nothing does not leave a host without its agent', async () => {
    await shell('ln -sfn 0.0.0 /usr/lib/farrier-agent/current');
    expect((await host.mustExec(['farrier-agent', '--version'])).trim()).toBe(NEW_VERSION);
    await shell(`ln -sfn ${NEW_VERSION} /usr/lib/farrier-agent/current`);
  });

  test('removal waits for a work unit, then refuses, and the agent goes on', async () => {
    const refused = await host.exec(['env', 'FARRIER_REMOVE_WAIT_S=2', 'dpkg', '--purge', 'farrier-agent']);
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr).toMatch(/not removed: farrier-assignment-5-activate.service/);
    expect(await unitProperty('farrier-assignment-5-activate', 'ActiveState')).toBe('active');
    expect(await unitProperty('farrier-agent', 'ActiveState')).toBe('active');
    await shell('systemctl stop farrier-assignment-5-activate');
  });

  test('removal refuses while a change is not confirmed', async () => {
    await shell('mkdir -p /var/lib/farrier-agent/watchdog; echo 9999999999999 > /var/lib/farrier-agent/watchdog/7');
    expect((await host.exec(['env', 'FARRIER_REMOVE_WAIT_S=1', 'dpkg', '--purge', 'farrier-agent'])).exitCode).not.toBe(0);
    await shell('rm /var/lib/farrier-agent/watchdog/7');
  });

  test('a purge leaves nothing behind', async () => {
    await host.mustExec(['dpkg', '--purge', 'farrier-agent', 'farrier-coordinator']);
    const left = await shell(
      "find / -xdev \\( -path /proc -o -path /sys -o -path /srv -o -path /var/log -o -path /root \\) -prune -o -name '*farrier*' -print | grep -vE '^/var/(lib/dpkg|lib/systemd/deb-systemd|cache/apt)' || true",
    );
    expect(left.trim()).toBe('');
    expect((await shell("systemctl list-units --all --no-legend 'farrier*'; systemctl list-timers --all --no-legend 'farrier*'; apt-mark showhold; getent passwd farrier-coordinator || true")).trim()).toBe('');
  });
});

describe('the agent’s sandbox', () => {
  /** What the agent must be able to do, and what a mistake in it must not be able to do. */
  const ALLOWED = [
    'systemd-run --quiet --collect --unit=farrier-assignment-1-probe --service-type=exec -- touch /etc/made-by-work',
    'systemctl list-units --no-legend',
    'systemd-notify --ready',
    'cat /etc/shadow',
    'cat /proc/meminfo',
    'cat /proc/sys/kernel/random/boot_id',
    'touch /var/lib/farrier-agent/probe',
    'flock /var/lib/farrier-agent/probe true',
    'dpkg --audit',
    'journalctl -n 1 --no-pager',
    'getent hosts localhost',
  ];
  const FORBIDDEN = [
    'touch /etc/probe',
    'touch /usr/probe',
    'touch /run/probe',
    'touch /run/systemd/system/probe.service',
    'touch /var/lib/dpkg/probe',
    'ls /root/.',
    'chown 1:1 /var/lib/farrier-agent/probe',
    'mount -t tmpfs none /mnt',
    'unshare --net true',
    'unshare --user true',
    'mknod /var/lib/farrier-agent/node c 1 3',
    'ip link',
    'dmesg',
    'hostname probe',
  ];

  test.each(['farrier-agent', 'farrier-agent-watchdog'])('%s may do its work and nothing else', async (name) => {
    const unit = readFileSync(fileURLToPath(new URL(`../../systemd/${name}.service`, import.meta.url)), 'utf8')
      .replaceAll(/^(ExecStart|Type|Condition\w+|WatchdogSec|Restart|RestartSec|LogLevelMax|StartLimit\w+)=.*\n/gm, '')
      .replace('[Service]\n', '[Service]\nType=oneshot\nNotifyAccess=all\nExecStart=/usr/bin/dash /usr/lib/probe.sh\n');
    const lines = [...ALLOWED, ...FORBIDDEN].map((line, index) => `if ${line} >/dev/null 2>&1; then echo "${index} did"; else echo "${index} could not"; fi`);
    await host.writeFile('/etc/systemd/system/probe.service', unit);
    await host.writeFile('/usr/lib/probe.sh', `exec >/var/lib/farrier-agent/said\n${lines.join('\n')}\n`);
    await shell('rm -f /etc/made-by-work; systemctl daemon-reload; systemctl start probe.service');
    const said = await shell('cat /var/lib/farrier-agent/said');
    const did = (index: number): boolean => new RegExp(`^${index} did$`, 'm').test(said);
    expect(lines.every((_line, index) => new RegExp(`^${index} (did|could not)$`, 'm').test(said))).toBe(true);
    // A unit that is not of type notify has no socket to answer on; then systemd-notify fails as it should.
    const wanted = ALLOWED.filter((line) => name === 'farrier-agent' || !line.startsWith('systemd-notify'));
    expect(wanted.filter((line) => !did(ALLOWED.indexOf(line)))).toEqual([]);
    expect(FORBIDDEN.filter((_line, index) => did(ALLOWED.length + index))).toEqual([]);
    await expect.poll(async () => (await host.exec(['test', '-e', '/etc/made-by-work'])).exitCode, { timeout: 5_000 }).toBe(0);
  });
});
