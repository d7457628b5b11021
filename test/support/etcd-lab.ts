import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { askMembers } from '../../agent/adapters/etcd/ask-members.ts';
import { systemdEtcdHost } from '../../agent/adapters/etcd/systemd-etcd-host.ts';
import { runProgram } from '../../agent/adapters/run-program.ts';
import type { RunProgram } from '../../agent/ports/programs.ts';
import type { UnitLook } from '../../agent/ports/units.ts';
import type { EtcdParts } from '../../agent/steps/etcd/etcd-parts.ts';
import { type StepContext, stepFailure } from '../../agent/steps/step.ts';
import type { EtcdUpgradeSpec } from '../../shared/domain/steps/etcd-spec.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import { fakeUnits } from './fake-units.ts';
import type { RunningEtcd } from './etcd-server.ts';
import { stepContext } from './step-context.ts';

const LOOK_MAX_MS = 100;

/** The host of one real member, whose unit and package are pretended: its process is what systemd would have. */
export class EtcdLab {
  readonly member: RunningEtcd;
  readonly folder = mkdtempSync(join(tmpdir(), 'farrier-etcd-step-'));
  /** Flags that the unit has and the process does not. */
  moreFlags: readonly string[] = [];
  output = '';
  #startedMs = 1_000;
  #waitedMs = 0;
  readonly #offered = new Map<string, string>();

  constructor(member: RunningEtcd) {
    this.member = member;
    mkdirSync(join(this.folder, 'step'));
  }

  /** Waits are shorter than they are said to be. */
  readonly clock: Clock = {
    monotonicMs: () => performance.now() + this.#waitedMs,
    wallUnixMs: () => Date.now(),
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      const realMs = Math.min(ms, LOOK_MAX_MS);
      await new Promise((resolve) => setTimeout(resolve, realMs));
      this.#waitedMs += ms - realMs;
    },
  };

  readonly #run: RunProgram = async (argv, options) => {
    if (argv[0] !== 'systemctl') return await runProgram(argv, options);
    const flags = [...this.member.flags, ...this.moreFlags].join(' ');
    return { code: 0, stdout: `LoadState=loaded\nExecStart={ path=${this.member.program} ; argv[]=${this.member.program} ${flags} ; ignore_errors=no ; }\n`, stderr: '' };
  };

  readonly parts: EtcdParts = {
    host: systemdEtcdHost(this.#run),
    files: { exists: () => false },
    ask: askMembers,
    clock: this.clock,
    units: fakeUnits({
      look: async () => this.#look(),
      restart: async () => {
        await this.member.stop();
        return await this.#start();
      },
      stop: async () => {
        await this.member.stop();
        return '';
      },
      lastLines: async () => 'last lines of the unit',
    }),
    artifacts: {
      fetch: async ({ sha256 }, folder) => {
        const from = this.#offered.get(sha256);
        if (from === undefined) return stepFailure('artifact-unknown', 'nobody added it');
        mkdirSync(folder, { recursive: true });
        copyFileSync(from, join(folder, sha256));
        return { ok: true, path: join(folder, sha256) };
      },
    },
  };

  readonly context = (change: Partial<StepContext> = {}): StepContext =>
    stepContext({ folder: join(this.folder, 'step'), output: (text) => { this.output += text; }, ...change });

  /** To bring that program here. */
  upgradeTo(version: string, program: string, change: Partial<EtcdUpgradeSpec> = {}): EtcdUpgradeSpec {
    const sha256 = createHash('sha256').update(readFileSync(program)).digest('hex');
    this.#offered.set(sha256, program);
    return { kind: 'etcd_upgrade', name: 'etcd-upgrade', timeoutMs: 600_000, unit: 'etcd.service', version, binary: { sha256, size: statSync(program).size }, crossesMinor: true, ...change };
  }

  /** A program that says that it is that version, and ends as soon as it is to serve. */
  crashing(version: string): string {
    const path = join(this.folder, 'crashing');
    writeFileSync(path, `#!/bin/sh\nfor word in "$@"; do [ "$word" = --version ] && echo "etcd Version: ${version}" && exit 0; done\nexit 1\n`, { mode: 0o755 });
    return path;
  }

  async #start(): Promise<string> {
    // Two starts are never at one microsecond.
    this.#startedMs += 1;
    return await this.member.restart().then(() => '', (error: unknown) => String(error));
  }

  #look(): UnitLook {
    const state = this.member.isRunning() ? { activeState: 'active', subState: 'running' } : { activeState: 'failed', subState: 'failed' };
    return { ...state, mainPid: this.member.isRunning() ? this.member.pid() : 0, startedMs: this.#startedMs, unitFileState: 'enabled', restarts: 0 };
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
