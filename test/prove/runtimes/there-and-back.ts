import { expect } from 'vitest';

import type { StepSpec } from '../../../shared/domain/step-spec.ts';
import type { ContainerdSettings, ContainerdSpec } from '../../../shared/domain/steps/containerd-spec.ts';
import type { ContainerdCell } from '../../fleet/containerd-host.ts';
import { findContainer, isSameContainerRunning, type RunningContainer, startContainer } from '../../fleet/container-image.ts';
import type { Host } from '../../fleet/host.ts';
import { PAUSE } from '../../fleet/runtime-images.ts';
import { containerdSettings } from '../../support/containerd-settings.ts';
import type { ContainerdHosts } from './containerd-hosts.ts';
import type { CellSaw } from './matrix-table.ts';

export function configure(change: Partial<ContainerdSettings>, action: ContainerdSpec['action'] = 'configure', name = 'containerd'): ContainerdSpec {
  return { kind: 'containerd', name, timeoutMs: 120_000, action, settings: containerdSettings(change), looks: 3, lookIntervalMs: 300 };
}

export interface Way {
  readonly steps: readonly StepSpec[];
  /** What CRI says then, besides that it is ready. */
  readonly there: Readonly<Record<string, unknown>>;
  /** @param before files as they were */
  readonly whileThere: (before: string) => Promise<void>;
  /** Going back ends what was started meanwhile; false unless given. */
  readonly endsMeanwhile?: boolean;
}

/** Makes a change and takes it back, asking CRI each time; the container `before` runs all along, and one that is started meanwhile stays, or does not, as it is said. */
export async function thereAndBack(hosts: ContainerdHosts, cell: ContainerdCell, saw: CellSaw, { steps, there, whileThere, endsMeanwhile = false }: Way): Promise<void> {
  const host = hosts.host(cell);
  const files = await filesOf(host);
  const before = await running(host);
  expect(await hosts.play(cell, steps)).toMatch(/^done ok/);
  expect(await hosts.cri(cell).look(never)).toMatchObject({ reached: true, ready: true, ...there });
  expect(isSameContainerRunning(host, before)).toBe(true);
  const during = await startContainer(host, `during-${saw.changes.join('-').replaceAll(' ', '-')}`, PAUSE);
  await whileThere(files);
  saw.isChanged = true;
  expect(await hosts.playBack(cell)).toMatch(/^done ok/);
  expect(await filesOf(host)).toBe(files);
  expect(await hosts.cri(cell).look(never)).toMatchObject({ reached: true, ready: true, version: expect.stringContaining(`${cell.minor}.`) as unknown, handlers: ['runc'], defaultHandler: 'runc' });
  expect([before, during].map((container) => isSameContainerRunning(host, container))).toEqual([true, !endsMeanwhile]);
  saw.isBack = true;
  if (!endsMeanwhile) await host.mustExec(['ctr', '--namespace', 'k8s.io', 'tasks', 'delete', '--force', during.name]);
  await host.mustExec(['ctr', '--namespace', 'k8s.io', 'containers', 'delete', during.name]);
}

/** Plays what cannot be done here: files and the container `before` are as they were. @returns how it ended */
export async function refusal(hosts: ContainerdHosts, cell: ContainerdCell, steps: readonly StepSpec[]): Promise<string> {
  const host = hosts.host(cell);
  const files = await filesOf(host);
  const before = await running(host);
  const end = await hosts.play(cell, steps);
  expect(end).toMatch(/^(?:refused|reverted) /);
  expect(await filesOf(host)).toBe(files);
  expect(isSameContainerRunning(host, before)).toBe(true);
  return end;
}

/** Content, mode, owner and name of all that lies in containerd's folder. */
export function filesOf(host: Host): Promise<string> {
  return host.mustExec(['sh', '-c', 'cd /etc/containerd && find . -exec stat --format="%n %a %u:%g %F" {} + | sort && find . -type f -exec sha256sum {} + | sort -k2']);
}

const never = new AbortController().signal;

async function running(host: Host): Promise<RunningContainer> {
  const found = await findContainer(host, 'before');
  if (found === null) throw new Error(`the container of ${host.name} is gone`);
  return found;
}
