import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { StepSpec } from '../../shared/domain/step-spec.ts';
import type { ManagedFile } from '../../shared/domain/steps/files-spec.ts';
import { bootFleet, type Fleet } from './fleet.ts';
import { codeFor, LonelyHost, type Look } from './lonely-host.ts';
import { missingParts, notChecked } from './missing-parts.ts';

const missing = await missingParts();
if (missing.length > 0) console.warn(notChecked('files, kernel settings, modules and hooks on a real host', missing));

/** Its apply takes a while: that is where faults strike. */
const HOOK = `#!/bin/sh
# farrier-hook: check
case "$1" in
  check) [ -e /etc/hook-ran ] || exit 100 ;;
  apply) echo "$FARRIER_NODE $FARRIER_ROLLOUT $2" >/etc/hook-ran.half; sleep "$(cat /root/hook-sleep)"; mv /etc/hook-ran.half /etc/hook-ran ;;
  verify) [ -e /etc/hook-ran ] ;;
  revert) rm -f /etc/hook-ran /etc/hook-ran.half ;;
esac
`;
const HOOK_STEP = 3;
/** Part of the kernel of this machine. */
const MODULE = readdirSync('/sys/module').find((name) => /^[a-z]/.test(name)) ?? 'none';

/** Content, mode and owner of all that lies in /etc, links and folders too. */
const ETC = String.raw`find /etc -xdev -printf '%p %y %m %U:%G %l\n' | sort; find /etc -xdev -type f -exec sha256sum {} + | sort -k2`;

describe.skipIf(missing.length > 0)('a host’s configuration', () => {
  let fleet: Fleet;
  let hoof: LonelyHost;
  let generation = 0;
  let before: Awaited<ReturnType<typeof facts>>;
  const folder = mkdtempSync(join(tmpdir(), 'farrier-hostconf-'));

  beforeAll(async () => {
    fleet = await bootFleet({ hosts: [{ name: 'hoof' }], sharedFolders: codeFor(folder), onProgress: console.log });
    hoof = new LonelyHost(fleet.host('hoof'));
    await hoof.host.writeFile('/etc/farrier/hooks.d/switch', HOOK);
    await hoof.host.writeFile('/root/hook-sleep', '0\n');
    await hoof.host.writeFile('/etc/old.conf', 'old\n');
    await hoof.host.writeFile('/etc/away.conf', 'away\n');
    await hoof.host.mustExec(['sh', '-c', 'chmod 755 /etc/farrier/hooks.d/switch; chmod 640 /etc/old.conf; chown nobody:daemon /etc/old.conf; chmod 400 /etc/away.conf']);
    // One kernel is shared by all, so nothing may be loaded here; the list is what its own package would bring to a host.
    const builtIn = `/usr/lib/modules/${release()}/modules.builtin`;
    await hoof.host.writeFile(builtIn, `kernel/fs/${MODULE}.ko\n`);
    before = await facts();
  });

  afterAll(async () => {
    await fleet.tearDown();
    rmSync(folder, { recursive: true });
  });

  async function facts() {
    return { etc: await hoof.host.mustExec(['sh', '-c', ETC]), kernel: (await hoof.host.mustExec(['sh', '-c', 'cat /proc/sys/net/ipv4/ip_local_port_range /proc/sys/net/ipv4/tcp_fin_timeout'])).split(/\s+/).join(' ') };
  }

  function steps(content = 'new\n'): readonly StepSpec[] {
    const file = (path: string, more: object = {}): ManagedFile => ({ path, state: 'present', contentBase64: Buffer.from(content).toString('base64'), mode: 0o600, owner: 'root', group: 'root', ...more });
    const onDrift = 'refuse' as const;
    return [
      { kind: 'modules', name: 'modules', timeoutMs: 30_000, config: 'test', modules: [MODULE], onDrift },
      { kind: 'sysctl', name: 'sysctl', timeoutMs: 30_000, config: 'test', settings: [{ key: 'net.ipv4.ip_local_port_range', value: '20000 30000' }, { key: 'net.ipv4.tcp_fin_timeout', value: '33' }], onDrift },
      { kind: 'files', name: 'files', timeoutMs: 30_000, files: [file('/etc/old.conf'), file('/etc/made/by/step.conf', { mode: 0o644, owner: 'daemon' }), { path: '/etc/away.conf', state: 'absent' }], onDrift },
      { kind: 'hook', name: 'hook', timeoutMs: 60_000, hook: 'switch', args: ['a b'], reversible: true },
      { kind: 'files', name: 'after the hook', timeoutMs: 30_000, files: [file('/etc/last.conf')], onDrift },
    ];
  }

  async function expectNew(content = 'new\n'): Promise<void> {
    const says = async (command: string): Promise<string> => (await hoof.host.mustExec(['sh', '-c', command])).trim();
    expect(await says('cat /etc/old.conf /etc/made/by/step.conf /etc/last.conf')).toBe(content.repeat(3).trim());
    expect(await says("stat -c '%a %U:%G' /etc/old.conf /etc/made/by/step.conf")).toBe('600 root:root\n644 daemon:root');
    expect(await says('cat /etc/hook-ran')).toBe(`n r${generation} a b`);
    expect(await says('test ! -e /etc/away.conf; cat /etc/modules-load.d/farrier-test.conf | tail -1')).toBe(MODULE);
    expect((await facts()).kernel).toBe('20000 30000 33 ');
  }

  test('is brought about, and rolled back to exactly what it was', async () => {
    expect((await hoof.whole((generation += 1), steps())).end).toMatchObject({ kind: 'done' });
    await expectNew();
    expect((await hoof.whole(generation + 1, generation)).end?.kind).toBe('done');
    generation += 1;
    expect(await facts()).toEqual(before);
  });

  test('kill -9 in the middle, twice: it is put back by itself', async () => {
    await hoof.host.writeFile('/root/hook-sleep', '5\n');
    const look = await struck(async (of, seen) => {
      await begun(of, seen);
      await hoof.host.exec(['systemctl', 'kill', '--kill-whom=all', '--signal=SIGKILL', `farrier-assignment-${of}-activate.service`]);
      await hoof.until(of, ({ running }) => !running);
      await hoof.agent('drive');
    }, 2);
    expect([look.end?.kind, look.end?.outcome.code]).toEqual(['reverted', 'interrupted-twice']);
    expect(await facts()).toEqual(before);
  });

  test('a power cut in the middle: fully new once the power is back', async () => {
    await hoof.host.writeFile('/root/hook-sleep', '3\n');
    const look = await struck(async (of) => {
      await begun(of, 0);
      await hoof.host.powerCut();
      await hoof.host.boot();
      // The file brings the settings back at boot: only a boot shows that.
      expect((await facts()).kernel).toBe('20000 30000 33 ');
      await hoof.agent('drive');
    }, 1);
    expect(look.end?.kind).toBe('done');
    await expectNew();
    expect((await hoof.whole(generation + 1, generation)).end?.kind).toBe('done');
    generation += 1;
    expect(await facts()).toEqual(before);
  });

  test('a file that somebody changed since is drift, and nothing is begun', async () => {
    await hoof.host.writeFile('/root/hook-sleep', '0\n');
    expect((await hoof.whole((generation += 1), steps())).end?.kind).toBe('done');
    await hoof.host.mustExec(['chmod', '666', '/etc/old.conf']);
    const drifted = await facts();
    const look = await hoof.stage((generation += 1), steps('newer\n'));
    expect([look.end?.kind, look.end?.outcome.code, look.end?.outcome.object, look.begun]).toEqual(['refused', 'drifted', '/etc/old.conf', false]);
    expect(look.end?.outcome.message).toContain('its mode is 0666, was 0600');
    expect(await facts()).toEqual(drifted);
  });

  /** Waits until the hook is at work, once more than `seen` times. */
  async function begun(of: number, seen: number): Promise<void> {
    await hoof.until(of, ({ kinds, end }) => kinds.filter((kind) => kind === `begin(${HOOK_STEP})`).length > seen || end !== null);
    for (let waited = 0; waited < 50; waited += 1) {
      if ((await hoof.host.peek(['test', '-e', '/etc/hook-ran.half'])).exitCode === 0) break;
      await sleep(100);
    }
    await sleep(300);
  }

  async function struck(fault: (of: number, seen: number) => Promise<void>, times: number): Promise<Look> {
    const of = (generation += 1);
    await hoof.stage(of, steps());
    await hoof.agent('permit', String(of));
    for (let seen = 0; seen < times; seen += 1) await fault(of, seen);
    return hoof.over(of);
  }
});
