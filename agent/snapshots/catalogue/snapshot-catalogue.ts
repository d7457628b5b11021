import { SNAPSHOT_ID_PATTERN, type SnapshotId, type SnapshotRecord } from '../../../shared/domain/snapshot.ts';
import type { CatalogueFolder } from './catalogue-folder.ts';
import type { CatalogueProblem } from './catalogue-problem.ts';
import { formatRecord, parseRecord } from '../../../shared/files/snapshot-record-file.ts';

const FILE = /^(?<id>[0-9a-z][0-9a-z-]{0,63})\.(?<kind>snapshot|record|deleting)(?<half>\.part|\.new)?$/;

export interface CatalogueList {
  readonly records: readonly SnapshotRecord[];
  readonly problems: readonly CatalogueProblem[];
}

/**
 * The snapshots that lie on this host, each as its bytes and a record beside them. The record comes after the bytes and goes
 * before them, so that wherever the power is cut no record claims what is not there. One writer at a time.
 */
export class SnapshotCatalogue {
  readonly #folder: CatalogueFolder;

  constructor(folder: CatalogueFolder) {
    this.#folder = folder;
  }

  /** Where a snapshot's bytes belong: a sink writes them there, and `put` makes them an entry. */
  pathOf(id: SnapshotId): string {
    return this.#folder.pathOf(fileOf(id, 'snapshot'));
  }

  /** Makes an entry of bytes that are there, or replaces its record: by a proof, by one copy more. Idempotent. */
  async put(record: SnapshotRecord): Promise<void> {
    const problem = await this.#problemWithBytes(record);
    if (problem !== null) throw new Error(problem.message);
    await this.#folder.write(fileOf(record.id, 'record'), formatRecord(record));
  }

  /** Deletes an entry, or what is left of one. Idempotent; what a crash left in the middle, the next call ends. */
  async remove(id: SnapshotId): Promise<void> {
    await this.#folder.rename(fileOf(id, 'record'), fileOf(id, 'deleting'));
    await this.#folder.remove(fileOf(id, 'snapshot'));
    await this.#folder.remove(fileOf(id, 'deleting'));
  }

  /** Removes what takings that died have left. Only while none is running. */
  async removeHalfWritten(): Promise<void> {
    const { problems } = await this.list();
    for (const { code, file } of problems) if (code === 'half-written') await this.#folder.remove(file);
  }

  /** Every whole entry, and everything else that lies there. It looks at sizes; whether bytes changed, only reading them tells. */
  async list(): Promise<CatalogueList> {
    const names = (await this.#folder.names()).toSorted();
    const looked = await Promise.all(names.map(async (name) => await this.#look(name, names)));
    const found = looked.filter((each) => each !== null);
    return { records: found.filter((each) => 'id' in each), problems: found.filter((each) => 'code' in each) };
  }

  /** Null of what is told with the file that it belongs to. */
  async #look(name: string, names: readonly string[]): Promise<SnapshotRecord | CatalogueProblem | null> {
    const { id = '', kind = '', half } = FILE.exec(name)?.groups ?? {};
    if (half !== undefined) return problem('half-written', name, 'the agent died while it wrote this, or is writing it: it goes when the agent starts next');
    switch (kind) {
      case 'record':
        return await this.#readEntry(id, name);
      case 'deleting':
        return problem('half-deleted', name, `the agent died while it deleted snapshot ${id}: delete it again`);
      case 'snapshot':
        if (names.includes(fileOf(id, 'record')) || names.includes(fileOf(id, 'deleting'))) return null;
        return problem('file-without-record', name, `nothing says what ${name} is: the agent died before it was recorded, or somebody put it there; take another snapshot and delete this one`);
      default:
        return problem('unknown-file', name, `${name} is none of the catalogue's: move it elsewhere`);
    }
  }

  async #readEntry(id: SnapshotId, name: string): Promise<SnapshotRecord | CatalogueProblem | null> {
    const bytes = await this.#folder.read(name);
    // Deleted since the names were read.
    if (bytes === null) return null;
    const record = parseRecord(bytes);
    if (typeof record === 'string') return problem('record-torn', name, `${name} cannot be read, ${record}: the bytes beside it may be good; take another snapshot`);
    if (record.id !== id) return problem('record-torn', name, `${name} is the record of ${record.id}: somebody renamed it`);
    return (await this.#problemWithBytes(record)) ?? record;
  }

  async #problemWithBytes(record: SnapshotRecord): Promise<CatalogueProblem | null> {
    const name = fileOf(record.id, 'snapshot');
    const sizeBytes = await this.#folder.sizeOf(name);
    const wanted = (record.sealed ?? record.plain).sizeBytes;
    if (sizeBytes === null) return problem('record-without-file', name, `${name} is gone, though it is recorded: somebody removed it; take another snapshot and delete this one`);
    if (sizeBytes !== wanted) return problem('size-changed', name, `${name} has ${sizeBytes} bytes and not the ${wanted} that were written: it cannot be restored; take another snapshot and delete this one`);
    return null;
  }
}

function problem(code: CatalogueProblem['code'], file: string, message: string): CatalogueProblem {
  return { code, file, message };
}

/** An id comes from records and from commands: it must not lead out of the folder. */
function fileOf(id: SnapshotId, kind: 'snapshot' | 'record' | 'deleting'): string {
  if (!SNAPSHOT_ID_PATTERN.test(id)) throw new Error(`${JSON.stringify(id)} is no id of a snapshot`);
  return `${id}.${kind}`;
}
