import { expect, test } from 'vitest';

import { mayEnd } from '../../prove/steps/may-end.ts';
import { allCases } from '../../prove/steps/sweep-case.ts';

test.each([
  ['worker/whole/nothing', ['new']],
  ['worker/kubelet/failure', ['old']],
  ['worker/kubelet/cut', ['old', 'new']],
  ['first-control-plane/packages-kubeadm/failure', ['old']],
  ['first-control-plane/packages-kubeadm/cut', ['old', 'new']],
  ['first-control-plane/kubeadm/failure', ['old', 'held']],
  ['first-control-plane/kubelet/failure', ['held']],
  ['first-control-plane/kubelet/cut', ['new', 'held']],
  ['k3s-server patch/k3s-server/failure', ['old']],
  ['k3s-server minor/k3s-server/cut', ['old', 'new', 'held']],
])('%s may end as %j and as nothing else', (name, ends) => {
  const played = allCases().find((one) => one.name === name);
  if (played === undefined) throw new Error(`there is no ${name}`);
  expect((['old', 'new', 'held'] as const).filter((outcome) => mayEnd(played, outcome).length === 0)).toEqual(ends);
});
