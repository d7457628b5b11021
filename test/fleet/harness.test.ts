import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bootFleet } from './fleet.ts';
import type { Fleet } from './fleet.ts';
import { missingParts, notChecked } from './missing-parts.ts';

const missing = await missingParts();
if (missing.length > 0) console.warn(notChecked('the fleet harness', missing));

/** Writes without fsync; the rename alone would survive a crash and must not survive a power cut. */
const writeLazily = 'printf lost > "$1"; printf new > "$2.tmp"; mv "$2.tmp" "$2"';

describe.skipIf(missing.length > 0)('hosts of the fleet harness', () => {
  let fleet: Fleet;

  beforeAll(async () => {
    fleet = await bootFleet({ hosts: [{ name: 'anvil' }, { name: 'hoof', diskMiB: 512 }], onProgress: console.log });
  });

  afterAll(() => fleet.tearDown());

  async function pings(from: string, to: string): Promise<boolean> {
    return (await fleet.host(from).exec(['ping', '-c', '1', '-W', '1', to])).exitCode === 0;
  }

  describe('running programs', () => {
    it('gives exit code, output and input, without a shell or systemd touching the words', async () => {
      const result = await fleet.host('anvil').exec(['sh', '-c', 'cat; echo "$1" ${2} $$ | sed "s/[0-9]*$/pid/"; echo to-stderr >&2; exit 7', 'sh', '$HOME', '%n'], { input: 'from outside\n' });
      expect(result).toEqual({ exitCode: 7, stdout: 'from outside\n$HOME %n pid\n', stderr: 'to-stderr\n', timedOut: false });
    });

    it('kills what ran out of time, with all that it started', async () => {
      const result = await fleet.host('anvil').exec(['sh', '-c', 'sleep 4711 & sleep 4711'], { timeoutMs: 400 });
      expect(result.timedOut).toBe(true);
      await expect.poll(async () => (await fleet.host('anvil').peek(['pgrep', '-f', 'sleep 4711'])).stdout).toBe('');
    });

    it('stops at an abort signal', async () => {
      const abort = new AbortController();
      setTimeout(() => abort.abort(), 100);
      const startMs = performance.now();
      await fleet.host('anvil').exec(['sleep', '60'], { signal: abort.signal });
      expect(performance.now() - startMs).toBeLessThan(10_000);
    });

    it('can never set the clock, which all hosts share', async () => {
      const sysTime = 1n << 25n;
      for (const run of [fleet.host('anvil').exec(['cat', '/proc/self/status']), fleet.host('anvil').peek(['cat', '/proc/self/status'])]) {
        const status = (await run).stdout;
        const bounding = BigInt(`0x${/^CapBnd:\t(\w+)$/m.exec(status)?.[1]}`);
        expect(bounding & sysTime).toBe(0n);
        expect(BigInt(`0x${/^CapEff:\t(\w+)$/m.exec(status)?.[1]}`) & sysTime).toBe(0n);
      }
    });
  });

  it('has a systemd, a containerd and an identity of its own, and no Node', async () => {
    const ids = await Promise.all(fleet.hosts.map((host) => host.mustExec(['cat', '/etc/machine-id'])));
    expect(new Set(ids).size).toBe(2);
    for (const host of fleet.hosts) {
      expect(await host.mustExec(['hostname'])).toBe(`${host.name}\n`);
      expect((await host.exec(['systemctl', 'is-active', 'containerd.service'])).stdout).toBe('active\n');
      expect((await host.exec(['sh', '-c', 'command -v node'])).exitCode).not.toBe(0);
      expect((await host.peek(['cat', '/etc/dpkg/dpkg.cfg.d/99mmdebstrap'])).exitCode).not.toBe(0);
      expect((await host.mustExec(['stat', '--file-system', '--format=%T', '/var/lib/containerd'])).trim()).toBe('ext2/ext3');
    }
  });

  it('copies files and folders in, and never out of the host through an absolute link', async () => {
    const host = fleet.host('anvil');
    await host.writeFile('/var/run/farrier-harness/leaf', Buffer.from([0, 255, 10]), 0o600);
    expect(await host.readFile('/run/farrier-harness/leaf')).toEqual(Buffer.from([0, 255, 10]));
    expect(await host.mustExec(['stat', '--format=%a', '/run/farrier-harness/leaf'])).toBe('600\n');
    await host.copyIn(import.meta.filename, '/root/copied.ts');
    await host.copyIn(import.meta.dirname, '/root/folder');
    expect((await host.readFile('/root/copied.ts')).equals(await host.readFile('/root/folder/harness.test.ts'))).toBe(true);
  });

  it('lets hosts and the switch reach each other by name, and nothing beyond', async () => {
    expect(await pings('anvil', 'hoof')).toBe(true);
    expect(await pings('hoof', 'coordinator')).toBe(true);
    const server = fleet.spawnInSwitch([process.execPath, '-e', 'require("node:net").createServer((s) => s.end("from the switch")).listen(4711, () => console.log("ready"))']);
    await new Promise((resolve) => { server.stdout?.once('data', resolve); });
    expect(await fleet.host('hoof').mustExec(['bash', '-c', 'exec 3<>/dev/tcp/coordinator/4711; cat <&3'])).toBe('from the switch');
    server.kill('SIGKILL');
    const lookUp = 'require("node:dns").lookup("anvil", (error, address) => console.log(address))';
    expect((await fleet.switchExec([process.execPath, '-e', lookUp])).stdout.trim()).toBe(fleet.host('anvil').address);
    expect(await pings('anvil', '192.0.2.1')).toBe(false);
  });

  it('partition cuts one host off, over a reboot too, until it is healed', async () => {
    await fleet.host('hoof').partition();
    expect(await pings('anvil', 'hoof')).toBe(false);
    await fleet.host('hoof').reboot();
    expect(await pings('hoof', 'coordinator')).toBe(false);
    await fleet.host('hoof').heal();
    await expect.poll(() => pings('anvil', 'hoof'), { timeout: 10_000 }).toBe(true);
  });

  it('freeze stops all processes where they are, thaw lets them go on', async () => {
    const host = fleet.host('hoof');
    await host.exec(['systemd-run', '--unit=ticker', 'sh', '-c', 'while sleep 0.05; do echo tick >> /run/ticks; done']);
    const ticks = async (): Promise<number> => (await host.readFile('/run/ticks')).byteLength;
    await expect.poll(ticks).toBeGreaterThan(0);
    await host.freeze();
    const before = await ticks();
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(await ticks()).toBe(before);
    expect(host.isUp()).toBe(true);
    await host.thaw();
    await expect.poll(ticks).toBeGreaterThan(before);
    await host.exec(['systemctl', 'stop', 'ticker']);
  });

  it('fillDisk leaves a disk on which nothing more can be written, unfill gives it back', async () => {
    const host = fleet.host('hoof');
    const write = (): ReturnType<typeof host.exec> => host.exec(['dd', 'if=/dev/zero', 'of=/root/big', 'bs=1M', 'count=8', 'conv=fsync']);
    await host.fillDisk();
    const refused = await write();
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr).toContain('No space left on device');
    await host.unfill();
    expect((await write()).exitCode).toBe(0);
  });

  it('a reboot from inside comes back with its disk, its name and machine id, under a new boot id', async () => {
    const host = fleet.host('anvil');
    const bootId = await host.mustExec(['cat', '/proc/sys/kernel/random/boot_id']);
    await host.writeFile('/root/before', 'reboot');
    await host.reboot();
    expect(host.bootCount).toBe(2);
    expect((await host.readFile('/root/before')).toString()).toBe('reboot');
    expect(await host.mustExec(['cat', '/etc/machine-id'])).toBe(`${host.machineId}\n`);
    expect(await host.mustExec(['cat', '/proc/sys/kernel/random/boot_id'])).not.toBe(bootId);
  });

  it('reboots although programs are run in it all the while', async () => {
    const host = fleet.host('anvil');
    for (let round = 0; round < 3; round += 1) {
      const looks: Promise<unknown>[] = [];
      const looking = setInterval(() => { looks.push((async () => host.peek(['sleep', '0.05']))().catch(() => undefined)); }, 15);
      await host.reboot(10_000);
      clearInterval(looking);
      await Promise.all(looks);
    }
  });

  it('a power-off stays off until it is booted', async () => {
    const host = fleet.host('hoof');
    await host.powerOff();
    expect(host.isUp()).toBe(false);
    await expect(async () => host.exec(['true'])).rejects.toThrow('host hoof is down');
    await host.boot();
    expect(host.isUp()).toBe(true);
  });

  describe('crash and power cut', () => {
    const places = ['/root', '/var/lib/containerd'];

    async function writeBoth(name: string): Promise<void> {
      const host = fleet.host(name);
      for (const place of places) {
        await host.mustExec(['sh', '-c', 'printf old > "$1"; printf kept > "$2"; sync "$1" "$2"', 'sh', `${place}/renamed`, `${place}/kept`]);
      }
      for (const place of places) await host.mustExec(['sh', '-c', writeLazily, 'sh', `${place}/lazy`, `${place}/renamed`]);
    }

    async function readBoth(name: string): Promise<readonly (readonly string[])[]> {
      return Promise.all(places.map((place) => Promise.all(['kept', 'lazy', 'renamed'].map(async (file) => (await fleet.host(name).readFile(`${place}/${file}`).catch(() => '')).toString()))));
    }

    it('a crash keeps what was never fsynced: it proves nothing about durability', async () => {
      await writeBoth('anvil');
      await fleet.host('anvil').crash();
      expect(fleet.host('anvil').isUp()).toBe(false);
      expect(fleet.host('hoof').isUp()).toBe(true);
      await fleet.host('anvil').boot();
      expect(await readBoth('anvil')).toEqual(places.map(() => ['kept', 'lost', 'new']));
    });

    it('a power cut under a booted host loses what was not fsynced and keeps what was', async () => {
      for (let round = 1; round <= 3; round += 1) {
        await fleet.host('hoof').exec(['rm', '-f', ...places.flatMap((place) => [`${place}/lazy`, `${place}/renamed`, `${place}/kept`])]);
        await writeBoth('hoof');
        expect(await readBoth('hoof')).toEqual(places.map(() => ['kept', 'lost', 'new']));
        await fleet.host('hoof').powerCut();
        const offline = await readBoth('hoof');
        await fleet.host('hoof').boot();
        expect(await readBoth('hoof')).toEqual(offline);
        expect(offline).toEqual(places.map(() => ['kept', '', 'old']));
      }
      expect((await fleet.host('hoof').exec(['systemctl', 'is-active', 'containerd.service'])).stdout).toBe('active\n');
    });

    it('a clean reboot writes down what a power cut after it would lose', async () => {
      const host = fleet.host('hoof');
      await host.writeFile('/var/lib/containerd/clean', 'kept by the reboot');
      await host.reboot();
      await host.powerCut();
      await host.boot();
      expect((await host.readFile('/var/lib/containerd/clean')).toString()).toBe('kept by the reboot');
    });

    it('a power cut while it boots or reboots ends that too', async () => {
      const host = fleet.host('hoof');
      const rebooting = host.reboot().then(() => 'came back', (error: Error) => error.message);
      await new Promise((resolve) => setTimeout(resolve, 100));
      await host.powerCut();
      expect(host.isUp()).toBe(false);
      expect(await rebooting).toBe('host hoof was stopped while it rebooted');
      expect(host.isUp()).toBe(false);
      await host.boot();
      expect(host.isUp()).toBe(true);
    });

    it('the harness keeps a log of the faults it made', () => {
      expect(new Set(fleet.faults().map(({ kind }) => kind))).toEqual(new Set(['partition', 'reboot', 'freeze', 'disk full', 'power off', 'crash', 'power cut']));
      expect(fleet.faults().every(({ fromMs, untilMs }) => untilMs !== null && untilMs >= fromMs)).toBe(true);
    });
  });
});
