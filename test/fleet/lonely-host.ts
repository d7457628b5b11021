import { cpSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { type Progress, progressOf } from '../../agent/core/progress.ts';
import { parseJournal } from '../../agent/runner/journal-line.ts';
import type { StepSpec } from '../../shared/domain/step-spec.ts';
import { writeAptRepository } from './apt-repository.ts';
import { makeServiceDeb } from './deb-package.ts';
import type { Host } from './host.ts';
import { runningAssignments } from './observe-host.ts';
import { type Told, toldFile } from './told-agent.ts';

/** Node keeps what it compiled: many programs are started on few cores. */
const PROGRAM = ['/usr/bin/env', 'NODE_COMPILE_CACHE=/var/cache/lonely-agent/compiled', '/farrier/node_modules/.bin/node', '/farrier/test/fleet/lonely-agent.ts'];
const STATE = '/var/lib/lonely-agent';
const POLL_MS = 40;
const AT_REST_MAX_MS = 90_000;

export interface Look {
  readonly running: boolean;
  readonly staged: boolean;
  readonly begun: boolean;
  readonly end: Progress['end'];
  readonly kinds: readonly string[];
}

/** How it ended, in a line that a failing test shows whole. */
export function told({ end }: Look): string {
  return end === null ? 'not over' : `${end.kind} ${end.outcome.code} ${end.outcome.object}: ${end.outcome.message}`;
}

/** A copy of the code, as it is now, for hosts to run: editing goes on while a test runs. */
export function codeFor(folder: string): Readonly<Record<string, string>> {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const copy = join(folder, 'code');
  for (const part of ['agent', 'shared', 'proto', 'test/support', 'test/fleet', 'package.json']) cpSync(join(root, part), join(copy, part), { recursive: true });
  symlinkSync('/farrier-modules/node_modules', join(copy, 'node_modules'));
  return { '/farrier': copy, '/farrier-modules/node_modules': join(root, 'node_modules') };
}

/** A host with the agent's inside and nobody to talk to; it has hoofd 1.0 and, of the source `lab`, more versions. */
export class LonelyHost {
  readonly host: Host;
  readonly #pollMs: number;

  /** @param pollMs between two looks at it: many hosts side by side are looked at less often. */
  constructor(host: Host, pollMs = POLL_MS) {
    this.host = host;
    this.#pollMs = pollMs;
  }

  /** A repository for such hosts: 2.0 works, 3.0 fails while it is configured, 4.0 crashes once it runs; 2.0 and later need nail. */
  static async repository(folder: string): Promise<string> {
    const debs = join(folder, 'debs');
    const depends = ['nail'];
    await writeAptRepository(join(folder, 'repository'), [
      await makeServiceDeb(debs, { name: 'hoofd', version: '1.0' }),
      await makeServiceDeb(debs, { name: 'hoofd', version: '2.0', depends }),
      await makeServiceDeb(debs, { name: 'hoofd', version: '3.0', depends, postinst: 'fails' }),
      await makeServiceDeb(debs, { name: 'hoofd', version: '4.0', depends, service: { crashesAfterS: 1 } }),
      await makeServiceDeb(debs, { name: 'nail', version: '5' }),
    ]);
    return join(folder, 'repository');
  }

  async prepare(): Promise<void> {
    await this.prepareSource();
    await this.host.mustExec(['dpkg', '--install', '/srv/repo/hoofd_1.0_all.deb']);
  }

  /** The repository, under the name by which steps know it. */
  async prepareSource(): Promise<void> {
    await this.host.writeFile('/etc/farrier/sources.d/lab.list', 'deb [trusted=yes] file:/srv/repo ./\n');
  }

  /** What its work units do wrong from now on; [] for nothing. Also on a host that is down. */
  async tell(told: readonly Told[]): Promise<void> {
    await this.host.writeFile(toldFile(STATE), JSON.stringify(told));
  }

  /** As the agent's own unit does, which this host lacks. */
  async driveAtBoot(): Promise<void> {
    await this.host.writeFile('/etc/systemd/system/lonely-drive.service', `[Service]\nType=oneshot\nExecStart=${PROGRAM.join(' ')} drive\n[Install]\nWantedBy=multi-user.target\n`);
    await this.host.mustExec(['systemctl', 'enable', '--quiet', 'lonely-drive.service']);
  }

  /** The timer is the real one; the program that it starts is this host's. */
  async startWatchdog(): Promise<void> {
    const timer = readFileSync(fileURLToPath(new URL('../../systemd/farrier-agent-watchdog.timer', import.meta.url)), 'utf8');
    await this.host.writeFile('/etc/systemd/system/farrier-agent-watchdog.timer', timer);
    await this.host.writeFile('/etc/systemd/system/farrier-agent-watchdog.service', `[Service]\nType=oneshot\nExecStart=${PROGRAM.join(' ')} bark\n`);
    await this.host.mustExec(['systemctl', 'enable', '--quiet', '--now', 'farrier-agent-watchdog.timer']);
  }

  async agent(...words: readonly string[]): Promise<string> {
    return this.host.mustExec([...PROGRAM, ...words]);
  }

  async look(generation: number): Promise<Look> {
    const bytes = await this.host.readFile(`${STATE}/journal/journal.log`).catch(() => Buffer.alloc(0));
    const parsed = parseJournal(bytes, 'journal.log');
    if (!parsed.ok) throw new Error(parsed.error.message);
    const progress = progressOf(parsed.records, generation);
    const kinds = parsed.records.filter((record) => record.generation === generation).map(({ kind, step }) => (step < 0 ? kind : `${kind}(${step})`));
    const { stdout } = await this.host.peek(['systemctl', 'list-units', '--plain', '--no-legend', '--state=active,activating,deactivating', 'farrier-assignment-*']);
    return { running: stdout.trim() !== '', staged: progress?.staged ?? false, begun: progress?.begun ?? false, end: progress?.end ?? null, kinds };
  }

  async stage(generation: number, what: readonly StepSpec[] | number | { readonly steps: readonly StepSpec[]; readonly silenceMs: number }): Promise<Look> {
    await this.agent('assign', String(generation), JSON.stringify(what));
    await this.atRest();
    return this.until(generation, (look) => !look.running && (look.staged || look.end !== null));
  }

  /** Stages, permits and waits until it is over. */
  async whole(generation: number, what: readonly StepSpec[] | number, maxMs?: number): Promise<Look> {
    const staged = await this.stage(generation, what);
    if (staged.end !== null) return staged;
    await this.agent('permit', String(generation));
    return this.over(generation, maxMs);
  }

  over(generation: number, maxMs?: number): Promise<Look> {
    return this.until(generation, (look) => !look.running && look.end !== null, maxMs);
  }

  /** Waits until no work unit runs, or the host is down: cheap, for hosts side by side. */
  async atRest(maxMs = AT_REST_MAX_MS): Promise<void> {
    for (const deadline = performance.now() + maxMs; performance.now() < deadline; await sleep(POLL_MS)) {
      const { leader } = this.host;
      if (leader === null || runningAssignments(leader).length === 0) return;
    }
  }

  async until(generation: number, holds: (look: Look) => boolean, maxMs = 90_000): Promise<Look> {
    const deadline = performance.now() + maxMs;
    for (;;) {
      const look = await this.look(generation);
      if (holds(look)) return look;
      if (performance.now() > deadline) throw new Error(`${this.host.name} did not get there: ${JSON.stringify(look)}\n${await this.log()}`);
      await sleep(this.#pollMs);
    }
  }

  async log(): Promise<string> {
    return (await this.host.exec(['journalctl', '--no-pager', '--lines=60', '--output=cat', '--unit=farrier-assignment-*'])).stdout;
  }

  /** What a person would look at: versions, state of every package, and the service with what it runs. */
  async facts(): Promise<{ readonly packages: string; readonly service: string; readonly version: string; readonly files: string }> {
    const packages = await this.host.mustExec(['sh', '-c', "dpkg-query --show --showformat='${Package} ${Version} ${db:Status-Abbrev}\\n' | grep -E '^(hoofd|nail) ' | grep -v ' un '; dpkg --audit; apt-mark showauto | grep -x nail; apt-mark showhold; true"]);
    const service = (await this.host.exec(['systemctl', 'show', '--property=ActiveState,UnitFileState,Description', 'hoofd.service'])).stdout;
    const version = (await this.host.exec(['cat', '/usr/lib/hoofd/version'])).stdout.trim();
    const files = (await this.host.exec(['sh', '-c', 'find /usr/lib/hoofd /usr/lib/nail /lib/systemd/system/hoofd.service /lib/systemd/system/nail.service -type f -exec sha256sum {} + 2>/dev/null | sort -k2'])).stdout;
    return { packages, service, version, files };
  }
}

export function upgradeTo(version: string): readonly StepSpec[] {
  const service = { kind: 'service', unit: 'hoofd.service', looks: 6, lookIntervalMs: 300, timeoutMs: 60_000 } as const;
  return [
    { ...service, name: 'guard hoofd', action: 'guard' },
    { kind: 'packages', name: 'hoofd', timeoutMs: 120_000, install: [{ name: 'hoofd', version }], sources: ['lab'], conffiles: 'keep' },
    { ...service, name: 'restart hoofd', action: 'restart' },
  ];
}
