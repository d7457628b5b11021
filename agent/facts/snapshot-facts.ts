import { readdir, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { FACT_TOOLS_MAX, type SnapshotFacts } from '../../shared/domain/host-facts.ts';
import type { RoleFacts } from '../../shared/domain/node-role.ts';
import type { RunProgram } from '../ports/programs.ts';
import type { SnapshotSettings } from '../settings/snapshot-settings.ts';
import { hostIdentity } from '../snapshots/host-identity.ts';
import { mayProveHere } from '../snapshots/prove/may-prove-here.ts';
import { roundDown } from './machine.ts';

const SAID_VERSION = /version: *(\d+\.\d+)\./i;
const PROGRAM_MAX_MS = 10_000;

/** What this host can do for snapshots. Remembers what programs said, until they are others. */
export class SnapshotFactsReader {
  readonly #settings: SnapshotSettings;
  readonly #stateDir: string;
  readonly #run: RunProgram;
  readonly #minors = new Map<string, { readonly mtimeMs: number; readonly minor: string | null }>();

  constructor(settings: SnapshotSettings, stateDir: string, run: RunProgram) {
    this.#settings = settings;
    this.#stateDir = stateDir;
    this.#run = run;
  }

  async read(host: RoleFacts, signal: AbortSignal): Promise<SnapshotFacts> {
    const { scratchFolder, toolsFolder, proveOnControlPlane } = this.#settings;
    const { may, reason } = mayProveHere(host, { onControlPlane: proveOnControlPlane });
    const { recipient } = await hostIdentity(this.#stateDir);
    const folders = [toolsFolder, ...(await versionFolders(toolsFolder))].slice(0, FACT_TOOLS_MAX);
    const minors = await Promise.all(folders.map(async (folder) => await this.#minorIn(folder, signal)));
    return { recipient: recipient.text, mayProve: may, reason, tools: [...new Set(minors.filter((minor) => minor !== null))].toSorted(), freeBytes: await freeBytesOf(scratchFolder) };
  }

  /** Of the server; whoever restores looks whether the other one is there and of the same minor. */
  async #minorIn(folder: string, signal: AbortSignal): Promise<string | null> {
    const path = join(folder, 'etcd');
    const found = await stat(path).catch(() => null);
    if (found === null || !found.isFile()) return null;
    const known = this.#minors.get(path);
    if (known?.mtimeMs === found.mtimeMs) return known.minor;
    const said = await this.#run([path, '--version'], { signal: AbortSignal.any([signal, AbortSignal.timeout(PROGRAM_MAX_MS)]) }).catch(() => null);
    signal.throwIfAborted();
    const minor = SAID_VERSION.exec(said?.stdout ?? '')?.[1] ?? null;
    this.#minors.set(path, { mtimeMs: found.mtimeMs, minor });
    return minor;
  }
}

/** `toolsFolder/3.5`. */
async function versionFolders(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => /^\d+\.\d+$/.test(name)).map((name) => join(folder, name));
}

/** Of the disk where the folder would lie. */
async function freeBytesOf(folder: string): Promise<number> {
  for (let path = folder; ; path = dirname(path)) {
    const disk = await statfs(path).catch(() => null);
    if (disk !== null) return roundDown(disk.bavail * disk.bsize);
    if (path === dirname(path)) return 0;
  }
}
