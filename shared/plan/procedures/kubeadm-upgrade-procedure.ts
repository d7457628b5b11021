import type { z } from 'zod';

import type { KubeadmUpgrade } from '../../domain/procedure.ts';
import { entryOf, itemsOf } from '../loose.ts';
import type { Problem, PropertyPath } from '../problem.ts';
import { section } from '../section.ts';
import { compileKubeadm, kubeadmSection } from '../steps/kubeadm-step.ts';
import { sources } from '../steps/packages-step.ts';
import { name } from '../text-fields.ts';
import { checkVersionsOnTheWay, kubernetesRelease, pointsOfNoReturn, versionsOnTheWay } from './release-fields.ts';

const REVISION_PATTERN = /^\d{1,9}(?:\.\d{1,9}){0,4}$/;
const { etcdUpgrade, certificateRenewal, imagePullPolicy, patches, ignorePreflightErrors, timeouts } = kubeadmSection.shape;

export const kubeadmUpgradeProcedure = section({
  version: kubernetesRelease,
  hops: versionsOnTheWay(kubernetesRelease).default([]),
  sources,
  packageRevision: name(REVISION_PATTERN, 'what the packages add to a version, in quotes: "1.1"').default('1.1'),
  ...{ etcdUpgrade, certificateRenewal, imagePullPolicy, patches, ignorePreflightErrors, timeouts },
  pointsOfNoReturn,
});

export function compileKubeadmUpgrade(written: z.infer<typeof kubeadmUpgradeProcedure>): KubeadmUpgrade {
  const { version, hops, sources: from, packageRevision, pointsOfNoReturn: points, ...settings } = written;
  const { etcdUpgrade: etcd, certificateRenewal: renewal, imagePullPolicy: pull, patches: folder, ignorePreflightErrors: ignored, timeouts: waits } = compileKubeadm({ ...settings, role: 'worker', version, timeout: 0 }, (wanted) => wanted);
  return {
    ...{ kind: 'kubeadm-upgrade', version, hops, sources: from, packageRevision, pointsOfNoReturn: points },
    settings: { etcdUpgrade: etcd, certificateRenewal: renewal, imagePullPolicy: pull, patches: folder, ignorePreflightErrors: ignored, timeouts: waits },
  };
}

export function checkKubeadmUpgrade(written: unknown, path: PropertyPath): readonly Problem[] {
  return checkVersionsOnTheWay(entryOf(written, 'version'), itemsOf(entryOf(written, 'hops')), (index) => [...path, 'hops', index]);
}
