import type { StepBase } from '../step-base.ts';
import type { DriftPolicy } from './files-spec.ts';

/** Kernel settings, now and after every boot: /etc/sysctl.d/90-farrier-CONFIG.conf. */
export interface SysctlSpec extends StepBase {
  readonly kind: 'sysctl';
  readonly config: string;
  /** Applied in this order; no key twice. */
  readonly settings: readonly SysctlSetting[];
  readonly onDrift: DriftPolicy;
}

export interface SysctlSetting {
  /** As sysctl.d(5) writes it with dots; a dot inside of an interface's name is a slash. */
  readonly key: string;
  readonly value: string;
}
