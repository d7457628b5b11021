import assert from 'node:assert/strict';

import { type ContainerdPrior, containerdStep } from '../../agent/steps/containerd/containerd.ts';
import type { ContainerdSettings, ContainerdSpec } from '../../shared/domain/steps/containerd-spec.ts';
import type { ContainerdLab } from './containerd-lab.ts';
import { containerdRuntime, containerdSettings } from './containerd-settings.ts';

export function containerdSpec(settings: Partial<ContainerdSettings>, action: ContainerdSpec['action'] = 'configure'): ContainerdSpec {
  return { kind: 'containerd', name: 'c', timeoutMs: 60_000, action, settings: containerdSettings(settings), looks: 3, lookIntervalMs: 1000 };
}

/** crun as Debian has it, as the default. */
export function crunByDefault(lab: ContainerdLab): ContainerdSpec {
  return containerdSpec({ runtimes: [containerdRuntime('crun', { binary: lab.at('usr/bin/crun') })], defaultRuntime: 'crun' });
}

export function oneMirror(lab: ContainerdLab): ContainerdSpec {
  return containerdSpec({ registry: { configPath: lab.at('etc/containerd/certs.d'), hosts: [{ host: 'docker.io', server: null, mirrors: [{ url: 'https://cache.example', capabilities: ['pull'], ca: null, skipVerify: false, overridePath: false }] }] } });
}

export async function captured(lab: ContainerdLab, spec: ContainerdSpec): Promise<ContainerdPrior> {
  const result = await containerdStep(lab).capture(spec, lab.context());
  if (!result.ok) assert.fail(result.outcome.message);
  return result.prior;
}

export async function applied(lab: ContainerdLab, spec: ContainerdSpec): Promise<ContainerdPrior> {
  const prior = await captured(lab, spec);
  const result = await containerdStep(lab).apply(spec, prior, lab.context());
  if (!result.ok) assert.fail(result.outcome.message);
  return prior;
}
