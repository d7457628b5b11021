import { access, readdir } from 'node:fs/promises';
import { release } from 'node:os';

import type { HostBoot } from '../../ports/host-boot.ts';
import type { RunProgram } from '../../ports/programs.ts';
import { readBootId } from '../host-facts.ts';

export function systemdHostBoot(run: RunProgram): HostBoot {
  return {
    bootId: readBootId,
    kernel: release,
    installedKernels: async () => {
      // /boot/vmlinuz-RELEASE on Debian; /lib/modules/RELEASE/vmlinuz on Fedora and its kin, whose /boot may hold none.
      const inBoot = (await namesIn('/boot')).flatMap((name) => (name.startsWith('vmlinuz-') ? [name.slice('vmlinuz-'.length)] : []));
      const withModules = await Promise.all((await namesIn('/lib/modules')).map(async (name) => ((await isThere(`/lib/modules/${name}/vmlinuz`)) ? [name] : [])));
      // Release names begin with a number; `vmlinuz-0-rescue-…` is none that anybody upgrades to.
      return [...inBoot, ...withModules.flat()].filter((name) => /^[1-9]/.test(name));
    },
    isRebootRequired: () => isThere('/run/reboot-required'),
    reboot: async (signal) => {
      const { code, stderr } = await run(['systemctl', 'reboot', '--no-block', '--no-wall'], { signal });
      return code === 0 ? '' : stderr.trim() || `exit code ${code}`;
    },
    // Its exit code says no more than its word.
    state: async (signal) => (await run(['systemctl', 'is-system-running'], { signal })).stdout.trim(),
    failedUnits: async (signal) => {
      const { code, stdout, stderr } = await run(['systemctl', 'list-units', '--state=failed', '--plain', '--no-legend', '--full'], { signal });
      if (code !== 0) throw new Error(`systemctl list-units: ${stderr.trim()}`);
      return stdout.split('\n').flatMap((line) => line.split(' ')[0] || []);
    },
  };
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return await readdir(folder).catch(() => []);
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(() => true, () => false);
}
