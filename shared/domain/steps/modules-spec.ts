import type { StepBase } from '../step-base.ts';
import type { DriftPolicy } from './files-spec.ts';

/** Kernel modules, loaded now and at every boot: /etc/modules-load.d/farrier-CONFIG.conf. */
export interface ModulesSpec extends StepBase {
  readonly kind: 'modules';
  readonly config: string;
  /** No module twice. */
  readonly modules: readonly string[];
  readonly onDrift: DriftPolicy;
}
