import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { syncFolder, writeDurably } from '../../../shared/files/write-durably.ts';
import type { Epoch } from '../../../shared/domain/ids.ts';
import { SNAPSHOT_COMMAND_ID_PATTERN, type SnapshotCommandId, type SnapshotOutcome } from '../../../shared/domain/snapshot-command.ts';
import { type EnvelopeJson, envelopeFromJson, envelopeToJson } from '../../../shared/trust/envelope-json.ts';
import type { Envelope } from '../../../shared/trust/envelope.ts';

/** So many are remembered with what became of them: sent again, they are not done again. */
const REMEMBERED_MAX = 64;

export interface RememberedCommand {
  readonly id: SnapshotCommandId;
  readonly receivedUnixMs: number;
  /** How often a unit was started for it. */
  readonly starts: number;
  /** As it was verified; the unit verifies it anew. */
  readonly envelope: Envelope;
}

/** How a command ended. `proof` is signed by this node. */
export interface CommandEnd {
  readonly outcome: SnapshotOutcome;
  readonly proof: Envelope | null;
}

/**
 * `<state>/snapshot-commands/`: what this host was ordered to do with snapshots, and what became of it; the one who is ordered
 * and the one who does it are two processes. Root only. Every file is whole or not there.
 */
export class CommandFolder {
  readonly #folder: string;

  constructor(stateDir: string) {
    this.#folder = join(stateDir, 'snapshot-commands');
  }

  /** The highest that ordered anything; 0 before the first. */
  async highestEpoch(): Promise<Epoch> {
    const text = await textOrNull(join(this.#folder, 'epoch'));
    return text === null ? 0 : Number(text);
  }

  /** Durable when it resolves: whoever has a lower one commands nothing here any more. Idempotent. */
  async fence(epoch: Epoch): Promise<void> {
    await this.#make();
    if (epoch > (await this.highestEpoch())) await writeDurably(join(this.#folder, 'epoch'), String(epoch));
  }

  /** Durable when it resolves. */
  async remember(command: RememberedCommand): Promise<void> {
    await this.#make();
    await this.update(command);
    await this.#forgetOldest();
  }

  async update({ envelope, ...command }: RememberedCommand): Promise<void> {
    await writeDurably(this.#file(command.id, 'command'), JSON.stringify({ ...command, envelope: envelopeToJson(envelope) } satisfies CommandJson));
  }

  /** The oldest first. */
  async commands(): Promise<readonly RememberedCommand[]> {
    const ids = (await namesIn(this.#folder)).flatMap((name) => (name.endsWith('.command') ? [name.slice(0, -'.command'.length)] : []));
    const read = await Promise.all(ids.map(async (id) => await this.read(id)));
    return read.filter((command) => command !== null).toSorted((a, b) => a.receivedUnixMs - b.receivedUnixMs);
  }

  async read(id: SnapshotCommandId): Promise<RememberedCommand | null> {
    const value = jsonOrNull(await textOrNull(this.#file(id, 'command'))) as CommandJson | null;
    const envelope = envelopeFromJson(value?.envelope);
    return value === null || envelope === null ? null : { ...value, envelope };
  }

  async end(id: SnapshotCommandId, { outcome, proof }: CommandEnd): Promise<void> {
    await writeDurably(this.#file(id, 'outcome'), JSON.stringify({ outcome, proof: proof === null ? null : envelopeToJson(proof) } satisfies EndJson));
  }

  /** Null while it is not over. */
  async endOf(id: SnapshotCommandId): Promise<CommandEnd | null> {
    const value = jsonOrNull(await textOrNull(this.#file(id, 'outcome'))) as EndJson | null;
    return value === null ? null : { outcome: value.outcome, proof: value.proof === null ? null : envelopeFromJson(value.proof) };
  }

  /** The coordinator has it. */
  async acknowledge(id: SnapshotCommandId): Promise<void> {
    if ((await this.endOf(id)) !== null) await writeDurably(this.#file(id, 'told'), '');
  }

  /** Another text whenever something changed here: whoever looks often reads seldom. */
  async state(): Promise<string> {
    return await folderState(this.#folder);
  }

  async isAcknowledged(id: SnapshotCommandId): Promise<boolean> {
    return (await textOrNull(this.#file(id, 'told'))) !== null;
  }

  async #make(): Promise<void> {
    if ((await mkdir(this.#folder, { recursive: true, mode: 0o700 })) !== undefined) await syncFolder(join(this.#folder, '..'));
  }

  #file(id: SnapshotCommandId, kind: 'command' | 'outcome' | 'told'): string {
    if (!SNAPSHOT_COMMAND_ID_PATTERN.test(id)) throw new Error(`${JSON.stringify(id)} is no id of a command`);
    return join(this.#folder, `${id}.${kind}`);
  }

  /** What is not over is never forgotten; it ends, one way or the other. */
  async #forgetOldest(): Promise<void> {
    const commands = await this.commands();
    const over = await Promise.all(commands.map(async ({ id }) => (await this.endOf(id)) !== null));
    const old = commands.filter((_command, index) => over[index]).slice(0, Math.max(0, commands.length - REMEMBERED_MAX));
    // The outcome goes last: without its command nobody starts it again.
    for (const { id } of old) for (const kind of ['command', 'told', 'outcome'] as const) await rm(this.#file(id, kind), { force: true });
  }
}

type CommandJson = Omit<RememberedCommand, 'envelope'> & { readonly envelope: EnvelopeJson };

interface EndJson {
  readonly outcome: SnapshotOutcome;
  readonly proof: EnvelopeJson | null;
}

/** By when something was last made, renamed or removed in it; '' where it is not there. */
export async function folderState(folder: string): Promise<string> {
  const { mtimeMs } = await stat(folder).catch(orNotThere({ mtimeMs: 0 }));
  return mtimeMs === 0 ? '' : String(mtimeMs);
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return await readdir(folder).catch(orNotThere([]));
}

async function textOrNull(path: string): Promise<string | null> {
  return await readFile(path, 'utf8').catch(orNotThere(null));
}

function orNotThere<T>(nothing: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === 'ENOENT') return nothing;
    throw error;
  };
}

function jsonOrNull(text: string | null): unknown {
  return text === null ? null : JSON.parse(text);
}
