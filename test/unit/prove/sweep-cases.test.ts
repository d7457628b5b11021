import { expect, test } from 'vitest';

import type { StepKind } from '../../../shared/domain/step-spec.ts';
import { REVERTED_EXCEPTIONS } from '../../fleet/reverted-exceptions.ts';
import { REAL_FAILURES } from '../../prove/steps/real-failures.ts';
import { NO_BUILD } from '../../prove/steps/sequences.ts';
import { allCases } from '../../prove/steps/sweep-case.ts';

const EXCEPTIONS_MAX = 10;
/** Whether the sweep has it. A kind that stands not here does not compile. */
const SWEPT: Readonly<Record<StepKind, boolean>> = {
  packages: true, service: true, files: true, sysctl: true, modules: true, hook: true, reboot: true,
  kubeadm: true, kubelet: true, kubeadm_certs: true, kubelet_config: true, k3s: true,
  // It needs a coordinator; a section of its own has it.
  agent_upgrade: false,
  // They need a container runtime; a section of its own has them.
  images: false, cri_probe: false,
  // It needs a second runtime on the host; the proof of the runtimes has it.
  kubelet_runtime: false, containerd: false,
  // The stand-in for K3s has no containerd that could be asked.
  k3s_runtimes: false,
  // They need a snapshot, and all members of a cluster together; a proof of their own has them.
  stop_control_plane: false, restore_datastore: false, start_datastore: false, start_control_plane: false, restore_k3s: false,
  // They need other members; the proofs of etcd have them.
  etcd_upgrade: false, etcd_defragment: false, etcd_disarm: false,
};

test('every kind of step is swept', () => {
  const kinds = new Set(allCases().flatMap(({ track }) => track.steps(NO_BUILD).map(({ kind }) => kind)));
  expect([...kinds].toSorted()).toEqual(Object.entries(SWEPT).flatMap(([kind, isSwept]) => (isSwept ? [kind] : [])).toSorted());
});

test('every case has a name of its own, and what really fails belongs to a step that there is', () => {
  const names = allCases().map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const { title, step, tracks } of REAL_FAILURES) expect(names).toEqual(expect.arrayContaining(tracks.map((track) => `${track}/${step}/${title}`)));
});

test('what a host that reverted may have otherwise is a short list, with a reason each', () => {
  expect(REVERTED_EXCEPTIONS.length).toBeLessThanOrEqual(EXCEPTIONS_MAX);
  for (const { path, because } of REVERTED_EXCEPTIONS) expect([path, because]).toEqual([expect.stringMatching(/^\//), expect.stringMatching(/.{10}/)]);
});
