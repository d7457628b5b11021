import { expect, test } from 'vitest';

import { STEPS_EXAMPLE } from '../../../../coordinator/cli/commands/plan-examples.ts';
import { describeStep } from '../../../../coordinator/runtime/describe-step.ts';
import { parsePlan } from '../../../../shared/plan/parse-plan.ts';

test('each step says what it brings', () => {
  const irreversible = '\n      - hook: { name: migrate, args: [--all], reversible: false }\n';
  const parsed = parsePlan(`apiVersion: farrier/v1\nkind: Plan\nmetadata: { name: p }\nspec:\n    steps:${STEPS_EXAMPLE}${irreversible}`, 'p.yaml');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
  expect(parsed.plan.steps.filter(({ name }) => !name.startsWith('guard-')).map((step) => [step.name, describeStep(step)])).toEqual([
    ['packages', 'containerd 1.7.24~ds1-6+deb13u1'],
    ['restart-containerd.service', ''],
    ['files', '/etc/crictl.yaml, no /etc/containerd/old.toml'],
    ['sysctl-kubernetes', 'net.ipv4.ip_forward=1'],
    ['modules-kubernetes', 'overlay, br_netfilter'],
    ['hook-warm-cache', '--site berlin'],
    ['reboot', ''],
    ['kubelet-config', 'evictionHard.memory.available: "200Mi", maxPods: 150'],
    ['kubeadm-certs', 'all'],
    ['containerd', 'CRI on, runtime crun, runtime kata, no runtime runsc, default runtime crun, cgroups by systemd, sandbox registry.example.net/pause:3.10, snapshotter overlayfs, registries docker.io, CDI on, readable by 1.7.24 too'],
    ['images', 'registry.example.net/web:1'],
    ['probe-crun', 'registry.example.net/hello:1'],
    ['kubelet-runtime', 'unix:///run/containerd/containerd.sock'],
    ['kubelet', '1.34.1'],
    ['k3s-runtimes-agent', 'runtime crun-wasm, mirrors of docker.io'],
    ['etcd-upgrade', '3.5.32'],
    ['etcd-defragment', 'from 45% unused or 80% of the quota on'],
    ['etcd-disarm', 'compacts all but the last 1000 revisions'],
    ['agent', 'farrier-agent 0.2.0'],
    ['hook-migrate', '--all; a point of no return'],
  ]);
});
