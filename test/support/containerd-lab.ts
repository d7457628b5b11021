import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import type { RunProgram } from '../../agent/ports/programs.ts';
import type { UnitLook, Units } from '../../agent/ports/units.ts';
import { mergeConfig } from '../../agent/steps/containerd/merge-config.ts';
import type { StepContext } from '../../agent/steps/step.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import { CONTAINERD_17, containerdRuntime, containerdSettings } from './containerd-settings.ts';
import { fakeUnits } from './fake-units.ts';
import { MemoryCri } from './memory-cri.ts';
import { stepContext } from './step-context.ts';

const CONFIG = 'etc/containerd/config.toml';

/** containerd on a host that is a folder: a start reads the configuration, and time passes only while somebody sleeps. */
export class ContainerdLab {
  readonly root = mkdtempSync(join(tmpdir(), 'farrier-containerd-'));
  readonly programFolders = [join(this.root, 'usr/bin')];
  readonly cri = new MemoryCri();
  /** Every restart and stop that was asked for. */
  readonly did: string[] = [];
  version = '1.7.24~ds1';
  killMode = 'process';
  /** Docker's unit, as systemd has it. */
  docker: { readonly activeState: string; readonly requires?: string; readonly bindsTo?: string } = { activeState: 'inactive' };
  crun = '1.21';
  /** What `config dump` says to be wrong; '' where it takes the file. */
  dumpFails = '';
  /** What it prints instead of the file itself. */
  dump: string | null = null;
  /** What it prints of a draft. */
  dumpOf: (draft: string) => string = (draft) => this.dump ?? withDefaults(draft);
  /** What it tells of what ends; null: it knows no such question. */
  deprecations: readonly { readonly id: string; readonly message: string }[] | null = [];
  restartSays = '';
  isInstalled = true;
  /** Where the step is cut off, once. */
  killAt: '' | 'the draft' | 'the files' | 'the restart' = '';
  output = '';
  unit: UnitLook | null = { activeState: 'active', subState: 'running', mainPid: 7, startedMs: 1000, unitFileState: 'enabled', restarts: 0 };
  /** The configuration as the process that runs has read it. */
  running: string | null = null;
  #nowMs = 1_000_000;

  constructor(config: string | null = '# ours\nversion = 2\n') {
    mkdirSync(join(this.root, 'step'), { recursive: true });
    for (const program of ['containerd', 'containerd-shim-runc-v2', 'crun', 'runc']) this.write(`usr/bin/${program}`, '');
    if (config !== null) this.write(CONFIG, config);
    // Long before the process that runs was started.
    if (config !== null) utimesSync(join(this.root, CONFIG), 1, 1);
    this.running = config;
  }

  readonly clock: Clock = {
    monotonicMs: () => this.#nowMs,
    wallUnixMs: () => Date.now() + this.#nowMs,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      this.#nowMs += ms;
    },
  };

  units: Units = fakeUnits({
    look: async () => this.unit,
    restart: async (name) => {
      this.did.push(`restart ${name}`);
      this.#dieAt('the files');
      if (this.restartSays !== '') return this.restartSays;
      this.running = this.config;
      if (this.unit !== null) this.unit = { ...this.unit, activeState: 'active', mainPid: this.unit.mainPid + 1, startedMs: this.#nowMs };
      const named = [...(this.running ?? '').matchAll(/runtimes\.([a-z0-9]+)\]/g)].map(([, runtime = '']) => runtime);
      this.cri.runtime = { ...this.cri.runtime, handlers: [...new Set(['runc', ...named])].toSorted(), defaultHandler: /default_runtime_name = "(.*)"/.exec(this.running ?? '')?.[1] ?? 'runc' };
      this.#dieAt('the restart');
      return '';
    },
    stop: async (name) => {
      this.did.push(`stop ${name}`);
      if (this.unit !== null) this.unit = { ...this.unit, activeState: 'inactive', mainPid: 0 };
      return '';
    },
    lastLines: async () => 'lines of its journal',
  });

  run: RunProgram = async ([program, ...args]) => {
    const say = (stdout: string, code = 0, stderr = '') => ({ code, stdout, stderr });
    const containerd = join(this.root, 'usr/bin/containerd');
    if (program === 'systemctl' && args.at(-1) === 'docker.service') return say(`Requires=${this.docker.requires ?? ''}\nBindsTo=${this.docker.bindsTo ?? ''}\nActiveState=${this.docker.activeState}\n`);
    if (program === 'systemctl') return say(this.isInstalled ? `ExecStart={ path=${containerd} ; argv[]=${containerd} --config ${join(this.root, CONFIG)} ; ignore_errors=no ; }\nKillMode=${this.killMode}\n` : 'ExecStart=\nKillMode=control-group\n');
    if (program.endsWith('/ctr')) return this.deprecations === null ? say('', 1, 'No help topic for deprecations') : say(JSON.stringify(this.deprecations));
    if (program.endsWith('/crun')) return say(`crun version ${this.crun}\ncommit: 0\n`);
    if (program !== containerd) throw new Error(`nobody answers: ${program}`);
    if (args[0] === '--version') return say(`containerd github.com/containerd/containerd ${this.version} rev\n`);
    this.#dieAt('the draft');
    return this.dumpFails === '' ? say(this.dumpOf(readFileSync(args[1] ?? '', 'utf8'))) : say('', 1, `containerd: ${this.dumpFails}\n`);
  };

  criAt = (): MemoryCri => this.cri;

  get config(): string | null {
    return this.read(CONFIG);
  }

  at(path: string): string {
    return join(this.root, path);
  }

  read(path: string): string | null {
    try {
      return readFileSync(join(this.root, path), 'utf8');
    } catch {
      return null;
    }
  }

  write(path: string, content: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), content, { mode: 0o644 });
  }

  /** Every file and folder of /etc/containerd: mode, time and content. */
  files(): readonly string[] {
    const folder = join(this.root, 'etc');
    try {
      return readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted().map((name) => {
        const state = statSync(join(folder, name));
        return `${name} ${(state.mode & 0o7777).toString(8)} ${state.isFile() ? readFileSync(join(folder, name), 'utf8') : ''}`;
      });
    } catch {
      return [];
    }
  }

  context(change: Partial<StepContext> = {}): StepContext {
    return stepContext({ folder: join(this.root, 'step'), output: (text) => { this.output += text; }, ...change });
  }

  #dieAt(place: ContainerdLab['killAt']): void {
    if (this.killAt !== place) return;
    this.killAt = '';
    throw new Error('killed');
  }

  end(): void {
    rmSync(this.root, { recursive: true });
  }
}

/** containerd prints its own default where a file names none, and runc where a file names no runtime. */
function withDefaults(text: string): string {
  const settings = containerdSettings({ defaultRuntime: /default_runtime_name = "(.*)"/.exec(text)?.[1] ?? 'runc', runtimes: text.includes('.runtimes.') ? [] : [containerdRuntime('runc', { binary: null })] });
  const filled = mergeConfig({ text, dropIns: [], settings, releases: [CONTAINERD_17] });
  return filled.ok ? (filled.text ?? '') : text;
}
