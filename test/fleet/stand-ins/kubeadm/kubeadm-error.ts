import { releaseFacts } from './release-facts.ts';

/** How kubeadm up to 1.33 ends: 1 for an error, 2 for a failed preflight check; from 1.34 it is always 1. */
export class KubeadmError extends Error {
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** As preflight.RunChecks ends for checks that failed and were not ignored: up to 1.33 in the error, later before it. */
function preflightError(kubeadmVersion: string, failed: readonly (readonly [check: string, message: string])[]): KubeadmError {
  const text = `[preflight] Some fatal errors occurred:\n${failed.map(([check, message]) => `\t[ERROR ${check}]: ${message}\n`).join('')}[preflight] If you know what you are doing, you can make a check non-fatal with \`--ignore-preflight-errors=...\``;
  if (releaseFacts(kubeadmVersion).hasExitCodes) return new KubeadmError(`error execution phase preflight: ${text}`, 2);
  console.error(text);
  return new KubeadmError('error execution phase preflight: preflight checks failed', 2);
}

/** Ends where a check failed that nobody asked to ignore; an ignored one is a warning. @throws KubeadmError */
export function mustPass(kubeadmVersion: string, failed: readonly (readonly [check: string, message: string])[], ignored: readonly string[]): void {
  const isIgnored = (check: string): boolean => ignored.includes('all') || ignored.includes(check.toLowerCase());
  for (const [check, message] of failed.filter(([name]) => isIgnored(name))) console.error(`\t[WARNING ${check}]: ${message}`);
  const fatal = failed.filter(([name]) => !isIgnored(name));
  if (fatal.length > 0) throw preflightError(kubeadmVersion, fatal);
}
