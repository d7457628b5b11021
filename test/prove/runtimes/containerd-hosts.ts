import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { socketCri } from '../../../agent/adapters/runtimes/socket-cri.ts';
import type { Cri } from '../../../agent/ports/cri.ts';
import type { StepSpec } from '../../../shared/domain/step-spec.ts';
import type { CriProbeSpec } from '../../../shared/domain/steps/cri-probe-spec.ts';
import { cellName, CONTAINERD_CELLS, type ContainerdCell, containerdHost, containerdRepository, prepareContainerd } from '../../fleet/containerd-host.ts';
import { bootFleet, type Fleet } from '../../fleet/fleet.ts';
import type { Host } from '../../fleet/host.ts';
import { codeFor, LonelyHost, told } from '../../fleet/lonely-host.ts';
import { HELLO_LINE, type RuntimeImage, writeRuntimeImage } from '../../fleet/runtime-images.ts';

/** The first run builds root file systems. */
export const BOOT_MAX_MS = 15 * 60_000;
const PLAY_MAX_MS = 180_000;

/** As the programs themselves, and the package system, say it. */
export interface HostParts {
  /** `Debian 12`. */
  readonly system: string;
  readonly containerd: string;
  readonly runc: string;
  /** With what it runs besides containers: `1.21 +WASM:wasmedge`. */
  readonly crun: string;
}

/** A host for each containerd on each Debian that has it, with images to run and an agent that nobody talks to. */
export class ContainerdHosts {
  readonly hello: RuntimeImage;
  readonly wasm: RuntimeImage;
  readonly #fleet: Fleet;
  readonly #folder: string;
  readonly #parts = new Map<string, HostParts>();
  /** The newest of each host. */
  readonly #generations = new Map<string, number>();

  private constructor(fleet: Fleet, folder: string, images: { readonly hello: RuntimeImage; readonly wasm: RuntimeImage }) {
    this.#fleet = fleet;
    this.#folder = folder;
    this.hello = images.hello;
    this.wasm = images.wasm;
  }

  static async boot(): Promise<ContainerdHosts> {
    const folder = mkdtempSync(join(tmpdir(), 'farrier-runtimes-'));
    const [pause, hello, wasm] = [await writeRuntimeImage(folder, 'pause'), await writeRuntimeImage(folder, 'hello'), await writeRuntimeImage(folder, 'wasm')];
    const fleet = await bootFleet({ hosts: CONTAINERD_CELLS.map((cell) => containerdHost(cellName(cell), cell.suite)), aptRepository: await containerdRepository(folder), sharedFolders: codeFor(folder), label: 'prove:runtimes', onProgress: console.log });
    const hosts = new ContainerdHosts(fleet, folder, { hello, wasm });
    try {
      for (const cell of CONTAINERD_CELLS) await hosts.#prepare(cell, pause);
    } catch (error) {
      await hosts.tearDown();
      throw error;
    }
    return hosts;
  }

  async tearDown(): Promise<void> {
    await this.#fleet.tearDown();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  host(cell: ContainerdCell): Host {
    return this.#fleet.host(cellName(cell));
  }

  lonely(cell: ContainerdCell, pollMs?: number): LonelyHost {
    return new LonelyHost(this.host(cell), pollMs);
  }

  /** Asked from outside. */
  cri(cell: ContainerdCell): Cri {
    return socketCri(this.socket(cell));
  }

  /** Where this machine finds containerd's. */
  socket(cell: ContainerdCell): string {
    return `/proc/${this.host(cell).leader?.pid}/root/run/containerd/containerd.sock`;
  }

  /** As it was made; a test may have brought others since. */
  parts(cell: ContainerdCell): HostParts {
    return this.#parts.get(cellName(cell))!;
  }

  /** Of runc by what it writes, unless said otherwise. */
  probe(change: Partial<CriProbeSpec> = {}): CriProbeSpec {
    const { image, archive: { sha256, size } } = this.hello;
    return { kind: 'cri_probe', name: 'probe', timeoutMs: 120_000, runtime: 'containerd', handler: 'runc', image, archive: { sha256, size }, annotations: [], expect: HELLO_LINE, ...change };
  }

  nextGeneration(cell: ContainerdCell): number {
    const generation = (this.#generations.get(cellName(cell)) ?? 0) + 1;
    this.#generations.set(cellName(cell), generation);
    return generation;
  }

  /** Plays a sequence. @returns how it ended */
  async play(cell: ContainerdCell, what: readonly StepSpec[] | number, pollMs?: number): Promise<string> {
    return told(await this.lonely(cell, pollMs).whole(this.nextGeneration(cell), what, PLAY_MAX_MS));
  }

  /** Takes back what was played last. @returns how that ended */
  async playBack(cell: ContainerdCell): Promise<string> {
    return this.play(cell, this.#generations.get(cellName(cell)) ?? 0);
  }

  async #prepare(cell: ContainerdCell, pause: RuntimeImage): Promise<void> {
    const host = this.host(cell);
    const containerd = await prepareContainerd(host, cell.minor, pause.path);
    await this.lonely(cell).prepareSource();
    for (const { path, archive } of [this.hello, this.wasm]) await host.copyIn(path, `/var/cache/lonely-agent/artifacts/${archive.sha256}`);
    const parts: HostParts = { system: await systemOf(host), containerd, runc: versionIn(await host.mustExec(['runc', '--version'])), crun: versionIn(await host.mustExec(['crun', '--version'])) };
    this.#parts.set(cellName(cell), parts);
    console.log(`${cellName(cell)}: ${Object.entries(parts).map((part) => part.join(' ')).join(', ')}`);
  }
}

async function systemOf(host: Host): Promise<string> {
  return `Debian ${/^VERSION_ID="(.*)"$/m.exec((await host.readFile('/etc/os-release')).toString())?.[1] ?? '?'}`;
}

/** Of `runc version 1.1.5+ds1` and `crun version 1.21`. */
function versionIn(said: string): string {
  return [/ version (\S+)/.exec(said)?.[1] ?? said, .../\+WASM:\S+/.exec(said) ?? []].join(' ');
}
