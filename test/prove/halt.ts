import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../fleet/host.ts';
import { killExactly } from '../fleet/process-identity.ts';
import type { Boundary } from './boundary.ts';
import { lastSequence } from './host-journal.ts';
import { agentProcesses } from './unit-processes.ts';

const HALT_FILE = '/var/lib/farrier-agent/halt-at-record';
const LOOK_EVERY_MS = 100;

/** Has the agent of a proof build stop there in the next assignment. */
export async function arm(host: Host, { side, kind, step }: Boundary): Promise<void> {
  await host.writeFile(HALT_FILE, `${side} ${kind} ${step} ${await lastSequence(host)}\n`);
}

/** Also on a host that is down. */
export async function disarm(host: Host): Promise<void> {
  await host.writeFile(HALT_FILE, '');
}

/** @returns whether the host got there in time. */
export async function waitUntilHalted(host: Host, timeoutMs: number): Promise<boolean> {
  return await waitUntilAnyHalted([host], timeoutMs);
}

/** @returns whether one of the hosts got there in time. */
export async function waitUntilAnyHalted(hosts: readonly Host[], timeoutMs: number): Promise<boolean> {
  for (const deadline = performance.now() + timeoutMs; performance.now() < deadline; await sleep(LOOK_EVERY_MS)) {
    if (hosts.some((host) => agentProcesses(host).some(({ stopped }) => stopped))) return true;
  }
  return false;
}

/** Lets those that are halted go on. */
export async function letGoOn(host: Host): Promise<void> {
  await disarm(host);
  for (const { process, stopped } of agentProcesses(host)) if (stopped) killExactly(process, 'SIGCONT');
}
