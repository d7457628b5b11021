/** How kubeadm up to 1.33 ends: 1 for an error, 2 for a failed preflight check; from 1.34 it is always 1. */
export class KubeadmError extends Error {
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** As preflight.Error prints the checks that failed. */
export function preflightError(phase: string, failed: readonly (readonly [check: string, message: string])[]): KubeadmError {
  const lines = failed.map(([check, message]) => `\t[ERROR ${check}]: ${message}\n`).join('');
  return new KubeadmError(`error execution phase ${phase}: [preflight] Some fatal errors occurred:\n${lines}[preflight] If you know what you are doing, you can make a check non-fatal with \`--ignore-preflight-errors=...\``, 2);
}
