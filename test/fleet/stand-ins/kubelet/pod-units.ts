import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

import type { StaticPod } from './static-pod.ts';

/** What stands for a container that runs: a transient unit, which outlives the kubelet as a container does. */
export interface RunningPod {
  readonly hash: string;
  /** Minor of the kubelet that started it. */
  readonly startedBy: string;
  readonly mainPid: number;
}

const IMAGES = '/opt/stand-in/images';
const run = promisify(execFile);

export function unitOf(podName: string): string {
  return `pod-${podName}.service`;
}

/** By name, what runs here: one look, as a kubelet has one every second. */
export async function runningPods(): Promise<ReadonlyMap<string, RunningPod>> {
  const { stdout } = await run('systemctl', ['show', '--property=Id,ActiveState,MainPID,Environment', 'pod-*.service']);
  return new Map(stdout.trim().split('\n\n').flatMap((shown) => {
    const fields = new Map(shown.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
    const name = /^pod-(.+)\.service$/.exec(fields.get('Id') ?? '')?.[1];
    const mainPid = Number(fields.get('MainPID'));
    if (name === undefined || fields.get('ActiveState') !== 'active' || mainPid === 0) return [];
    const environment = fields.get('Environment') ?? '';
    const valueOf = (variable: string): string => new RegExp(`\\b${variable}=(\\S*)`).exec(environment)?.[1] ?? '';
    return [[name, { hash: valueOf('STAND_IN_HASH'), startedBy: valueOf('STAND_IN_KUBELET_MINOR'), mainPid }] as const];
  }));
}

/** Runs the program that stands for the image of the pod's first container. @throws where there is no such image */
export async function startPod(pod: StaticPod, kubeletMinor: number): Promise<void> {
  const [container] = pod.spec.containers;
  const [program = '', ...args] = container?.command ?? [];
  if (!existsSync(`${IMAGES}/${program}`)) throw new Error(`Failed to pull image "${container?.image}": ErrImageNeverPull`);
  const settings = { STAND_IN_IMAGE: container?.image ?? '', STAND_IN_HASH: pod.hash, STAND_IN_KUBELET_MINOR: String(kubeletMinor) };
  await run('systemd-run', [
    '--quiet', `--unit=${unitOf(pod.name)}`, '--slice=kubepods.slice', '--collect', '--property=KillMode=mixed', '--property=TimeoutStopSec=30s',
    ...Object.entries(settings).map(([name, value]) => `--setenv=${name}=${value}`), '--', `${IMAGES}/${program}`, ...args,
  ]);
}

/** Ends it and waits until it is gone. Idempotent. */
export async function stopPod(podName: string): Promise<void> {
  await run('systemctl', ['stop', unitOf(podName)]).catch(() => undefined);
}
