import { access, readFile } from 'node:fs/promises';
import { release } from 'node:os';

import { type KernelModules, kernelName } from '../../ports/kernel-modules.ts';
import type { RunProgram } from '../../ports/programs.ts';

/** `overlay 151552 5 - Live 0x0`: /proc/modules, proc(5). */
async function loadedModules(): Promise<readonly string[]> {
  const text = await readFile('/proc/modules', 'utf8').catch(() => '');
  return text.split('\n').map((line) => line.split(' ')[0] ?? '').filter((name) => name !== '');
}

/** `kernel/fs/overlayfs/overlay.ko`, one a line: modules.builtin, kbuild. A host may have none of its own. */
async function isBuiltIn(name: string): Promise<boolean> {
  const text = await readFile(`/lib/modules/${release()}/modules.builtin`, 'utf8').catch(() => '');
  return text.split('\n').some((line) => kernelName(/([^/]+)\.ko$/.exec(line)?.[1] ?? '') === kernelName(name));
}

export function kmodModules(run: RunProgram): KernelModules {
  return {
    loaded: loadedModules,
    look: async (name) => {
      if ((await loadedModules()).includes(kernelName(name))) return 'loaded';
      // A module of the kernel itself stands in /sys/module where it has parameters.
      const shown = await access(`/sys/module/${kernelName(name)}`).then(() => true, () => false);
      return shown || (await isBuiltIn(name)) ? 'built-in' : 'absent';
    },
    needs: async (name, call) => {
      const { code, stdout } = await run(['modprobe', '--show-depends', '--', name], call);
      if (code !== 0) return null;
      // `insmod /lib/modules/6.1.0/kernel/net/bridge/br_netfilter.ko.xz`, `builtin x`: modprobe(8).
      return stdout.split('\n').map((line) => kernelName(/^insmod \S*?([^/]+?)\.ko\S*/.exec(line)?.[1] ?? '')).filter((module) => module !== '');
    },
    load: async (name, call) => {
      const { code, stderr } = await run(['modprobe', '--', name], call);
      return code === 0 ? '' : stderr.trim() || `exit code ${code}`;
    },
    unload: async (name, call) => {
      const { code, stderr } = await run(['rmmod', '--', name], call);
      if (code === 0 || !(await loadedModules()).includes(kernelName(name))) return 'unloaded';
      if (/in use|EBUSY|Resource temporarily unavailable/i.test(stderr)) return 'in-use';
      throw new Error(`rmmod ${name}: ${stderr.trim() || `exit code ${code}`}`);
    },
  };
}
