import type { z } from 'zod';

import type { KubeadmCertsRenew } from '../../domain/procedure.ts';
import { section } from '../section.ts';
import { kubeadmCertsSection } from '../steps/kubeadm-certs-step.ts';

const { renew, whenUnderDays } = kubeadmCertsSection.shape;

export const kubeadmCertsRenewProcedure = section({ renew, whenUnderDays });

export function compileKubeadmCertsRenew(written: z.infer<typeof kubeadmCertsRenewProcedure>): KubeadmCertsRenew {
  return { kind: 'kubeadm-certs-renew', ...written };
}
