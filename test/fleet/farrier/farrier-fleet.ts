import { setTimeout as sleep } from 'node:timers/promises';

import type { Rollout__Output } from '../../../shared/wire/messages.ts';
import type { Fleet } from '../fleet.ts';
import type { Host } from '../host.ts';
import type { FarrierPackages } from './build-packages.ts';

/** The host that runs the coordinator. */
export const CONTROL = 'control';

export interface Enrollment {
  readonly token: string;
  readonly caHash: string;
  readonly enrollAddress: string;
}

/** Farrier installed from its packages on a fleet of real hosts, used as an operator on the control host uses it. */
export class FarrierFleet {
  readonly fleet: Fleet;
  readonly control: Host;
  /** The nodes: every host but the control host. */
  readonly nodes: readonly Host[];
  readonly #packages: FarrierPackages;
  #plans = 0;

  constructor(fleet: Fleet, packages: FarrierPackages) {
    this.fleet = fleet;
    this.control = fleet.host(CONTROL);
    this.nodes = fleet.hosts.filter((host) => host.name !== CONTROL);
    this.#packages = packages;
  }

  /** Installs and starts the coordinator; waits until it answers. */
  async installCoordinator(settings = 'fleet: demo\nadvertise: control\n'): Promise<void> {
    const { control } = this;
    await control.copyIn(this.#packages.coordinator, '/root/coordinator.deb');
    await control.writeFile('/etc/farrier/coordinator.yaml', settings);
    await control.mustExec(['dpkg', '--force-confold', '--install', '/root/coordinator.deb']);
    await control.mustExec(['systemctl', 'enable', '--quiet', '--now', 'farrier-coordinator.service']);
    await this.farrier(['node', 'ls']);
  }

  async createToken(labels: Readonly<Record<string, string>> = {}, cluster = ''): Promise<Enrollment> {
    const flags = Object.entries(labels).flatMap(([label, value]) => ['--labels', `${label}=${value}`]);
    return JSON.parse(await this.farrier(['token', 'create', '--uses', '100', '--json', ...flags, ...(cluster === '' ? [] : ['--cluster', cluster])])) as Enrollment;
  }

  /** Installs the agent on a host that has no Node, enrolls it, and starts it; the package source of the harness is allowed. */
  async installAgent(host: Host, enrollment: Enrollment): Promise<void> {
    await host.writeFile('/etc/farrier/sources.d/local.list', 'deb [trusted=yes] file:/srv/repo ./\n');
    await host.copyIn(this.#packages.agent, '/root/agent.deb');
    await host.mustExec(['dpkg', '--install', '/root/agent.deb']);
    const { token, caHash, enrollAddress } = enrollment;
    await host.mustExec(['farrier-agent', 'enroll', '--coordinator', enrollAddress, '--token', token, '--ca-hash', caHash, '--name', host.name]);
    await host.mustExec(['systemctl', 'start', 'farrier-agent.service']);
  }

  /** The CLI on the control host. @throws where it exits with anything but 0. */
  async farrier(args: readonly string[]): Promise<string> {
    return await this.control.mustExec(['farrier', ...args]);
  }

  async tryFarrier(args: readonly string[]): ReturnType<Host['exec']> {
    return await this.control.exec(['farrier', ...args]);
  }

  async putPolicy(yaml: string): Promise<void> {
    await this.control.writeFile('/root/policy.yaml', yaml);
    await this.farrier(['policy', 'set', '/root/policy.yaml']);
  }

  /** @returns the rollout's id. */
  async start(planYaml: string): Promise<string> {
    const { rollout } = JSON.parse(await this.farrier(['rollout', 'start', await this.#putPlan(planYaml), '--json'])) as { readonly rollout: string };
    return rollout;
  }

  /** What `plan check` finds, each line without its place in the file. */
  async check(planYaml: string): Promise<{ readonly exitCode: number; readonly findings: readonly string[] }> {
    const file = await this.#putPlan(planYaml);
    const { exitCode, stdout, stderr } = await this.tryFarrier(['plan', 'check', file]);
    const findings = `${stderr}${stdout}`.split('\n').filter((line) => line.startsWith(`${file}:`)).map((line) => line.slice(line.indexOf(' ') + 1));
    return { exitCode, findings };
  }

  async show(rollout: string): Promise<Rollout__Output> {
    return JSON.parse(await this.farrier(['rollout', 'show', rollout, '--json'])) as Rollout__Output;
  }

  /** Waits until every one of these nodes has a session; all of them unless given. */
  async waitForSessions(timeoutMs = 60_000, hosts = this.nodes): Promise<void> {
    await this.#until(timeoutMs, async () => {
      const { nodes } = JSON.parse(await this.farrier(['node', 'ls', '--json'])) as { readonly nodes: readonly { readonly name: string; readonly session: string }[] };
      return hosts.every((host) => nodes.some(({ name, session }) => name === host.name && session === 'connected')) ? nodes : null;
    });
  }

  /** Waits until the rollout has one of these statuses. @throws with what it shows when the time is up. */
  async waitFor(rollout: string, statuses: readonly string[], timeoutMs = 180_000): Promise<Rollout__Output> {
    let last: Rollout__Output | null = null;
    try {
      return await this.#until(timeoutMs, async () => {
        last = await this.show(rollout).catch(() => null);
        return last !== null && statuses.includes(last.status) ? last : null;
      });
    } catch {
      throw new Error(`rollout ${rollout} is not ${statuses.join(' or ')} after ${timeoutMs} ms: ${JSON.stringify(last, null, 1)}`);
    }
  }

  /** Waits until no host of the rollout is in disruption any more. */
  async waitUntilSettled(rollout: string, timeoutMs = 180_000): Promise<void> {
    await this.#until(timeoutMs, async () => ((await this.show(rollout)).slots === 0 ? true : null));
  }

  /** A file of its own: several rollouts may be started at a time. @returns its path. */
  async #putPlan(planYaml: string): Promise<string> {
    this.#plans += 1;
    const path = `/root/plan-${this.#plans}.yaml`;
    await this.control.writeFile(path, planYaml);
    return path;
  }

  async #until<T>(timeoutMs: number, look: () => Promise<T | null>): Promise<T> {
    const startedMs = performance.now();
    for (;;) {
      const found = await look();
      if (found !== null) return found;
      const elapsedMs = performance.now() - startedMs;
      if (elapsedMs > timeoutMs) throw new Error('time is up');
      // Each look starts a program on a machine that the hosts share.
      await sleep(elapsedMs < 10_000 ? 300 : 1_000);
    }
  }
}
