import type { StepBase } from '../step-base.ts';

/** Runs a program that this host's admin put into /etc/farrier/hooks.d: a plan names it and cannot bring it. */
export interface HookSpec extends StepBase {
  readonly kind: 'hook';
  readonly hook: string;
  /** Come after the verb. */
  readonly args: readonly string[];
  /** False: once it ran nothing is reverted. */
  readonly reversible: boolean;
}
