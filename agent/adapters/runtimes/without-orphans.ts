import type { Cri, PodLabel } from '../../ports/cri.ts';
import type { RunProgram } from '../../ports/programs.ts';

type Ctr = readonly [string, ...string[]];

/**
 * The same runtime, whose pods are counted and removed also where its CRI lost them: containerd 2.1 keeps the sandbox of a call
 * whose client died, runs it, and lists it no more before it is restarted.
 */
export function withoutOrphans(cri: Cri, run: RunProgram, ctr: Ctr): Cri {
  return {
    ...cri,
    countPods: async (label, signal) => {
      const known = await cri.countPods(label, signal);
      if (!known.ok || known.count > 0) return known;
      return { ok: true, count: (await orphans(run, ctr, label, signal)).length };
    },
    removePods: async (label, signal) => {
      const said = await cri.removePods(label, signal);
      if (said !== '') return said;
      for (const id of await orphans(run, ctr, label, signal)) {
        // No task of it may be left, or never have been.
        await run([...ctr, '--namespace', 'k8s.io', 'tasks', 'delete', '--force', id], { signal });
        const removed = await run([...ctr, '--namespace', 'k8s.io', 'containers', 'delete', id], { signal });
        if (removed.code !== 0) return `container ${id} cannot be removed: ${removed.stderr.trim()}`;
      }
      return '';
    },
  };
}

/** Containers that still carry the label once CRI has none: sandboxes and what is in them alike. */
async function orphans(run: RunProgram, ctr: Ctr, { key, value }: PodLabel, signal: AbortSignal): Promise<readonly string[]> {
  const { code, stdout } = await run([...ctr, '--namespace', 'k8s.io', 'containers', 'list', '--quiet', `labels."${key}"==${value}`], { signal });
  return code === 0 ? stdout.split('\n').filter((id) => id !== '') : [];
}
