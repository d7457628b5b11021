import type { RunProgram } from '../../ports/programs.ts';

/** Of the installed kubelet, as `1.34.2`; '' where it does not say. */
export async function readKubeletVersion(run: RunProgram, signal: AbortSignal): Promise<string> {
  const { code, stdout } = await run(['kubelet', '--version'], { signal });
  return code === 0 ? (/^Kubernetes v(\S+)/.exec(stdout.trim())?.[1] ?? '') : '';
}
