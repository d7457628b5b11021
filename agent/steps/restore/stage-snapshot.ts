import { createReadStream } from 'node:fs';
import { chmod, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { parseStanzaLine } from '../../../shared/age/stanza-line.ts';
import type { RestoreDatastoreSpec } from '../../../shared/domain/steps/restore-specs.ts';
import { writeDurably } from '../../../shared/files/write-durably.ts';
import type { EtcdSetup } from '../../facts/etcd-setup.ts';
import { hasSha256 } from '../../../shared/files/part-file.ts';
import { checkSnapshot } from '../../snapshots/check-snapshot.ts';
import { openPlainFileSink } from '../../snapshots/plain-file-sink.ts';
import { newestRevision } from '../../snapshots/prove/compare-restored.ts';
import { askTool, minorOf, type ProofTool, restoreToolName } from '../../snapshots/prove/proof-tools.ts';
import { unseal } from '../../snapshots/sealed/unseal.ts';
import { missingRoom } from '../../snapshots/snapshot-folder.ts';
import { STEP_OK, type StepContext, type StepFailure, type StepResult, stepFailure } from '../step.ts';
import type { RestoreParts } from './restore-parts.ts';

/** What the snapshot holds: the restored cluster is held against it. */
export interface ExpectedDatastore {
  readonly revision: number;
  /** That live. */
  readonly keys: number;
}

const EXPECTED = 'expected.json';
/** The database, and etcd's log that begins with it. */
const ROOM_TIMES = 2;

/** Brings snapshot and tool here and proves both while the datastore still runs: the outage begins when nothing can lack any more. */
export async function stageSnapshot(parts: RestoreParts, spec: RestoreDatastoreSpec, context: StepContext): Promise<StepResult> {
  const setup = await fittingSetup(parts, spec, context);
  if (!('name' in setup)) return setup;
  const fetched = fetchedFolder(context);
  const copy = await parts.artifacts.fetch(spec.snapshot, fetched, context.signal);
  if (!copy.ok) return copy;
  if (spec.tool !== null) {
    const tool = await parts.artifacts.fetch(spec.tool, fetched, context.signal);
    if (!tool.ok) return tool;
    await chmod(tool.path, 0o700);
  }
  const tool = await findTool(parts, spec, context);
  if (!('says' in tool)) return tool;
  for (const folder of [setup.dataDir, fetched]) {
    const missing = await missingRoom(folder, ROOM_TIMES * spec.plain.size);
    if (missing > 0) return stepFailure('disk-full', `a restore needs ${ROOM_TIMES} times the ${spec.plain.size} bytes of the snapshot under ${folder}, which lacks ${missing}; free some and start again`, folder);
  }
  return openCopy(parts, spec, copy.path, context);
}

/** @returns this host's member, where it is the one that the restore makes. */
export async function fittingSetup({ setup: read }: RestoreParts, { members, member }: Pick<RestoreDatastoreSpec, 'members' | 'member'>, { signal }: Pick<StepContext, 'signal'>): Promise<EtcdSetup | StepFailure> {
  const setup = await read(signal);
  if (setup === null) return stepFailure('config-unreadable', 'this host has no member of etcd that its manifest, or etcd.service with flags or variables, sets up with TLS; nothing was changed');
  const own = members.find(({ name }) => name === member);
  const isSame = own !== undefined && setup.name === member && setup.peerUrls.toSorted().join() === own.peerUrls.toSorted().join();
  if (!isSame) return stepFailure('config-refused', `member-differs: this host's files set up member ${setup.name} at ${setup.peerUrls.join(', ')}, the restore makes ${member} at ${own?.peerUrls.join(', ')}; others would not find it`, setup.name);
  if (setup.walDir !== '') return stepFailure('config-refused', `wal-elsewhere: etcd keeps its log in ${setup.walDir}, which a restore cannot put aside together with its data; put it back into the data folder first`, setup.walDir);
  return setup;
}

export async function findTool({ run, toolFolders }: RestoreParts, { tool, version }: RestoreDatastoreSpec, context: StepContext): Promise<ProofTool | StepFailure> {
  const minor = minorOf(version);
  if ('ok' in minor) return stepFailure('wrong-version', minor.message);
  const name = restoreToolName(minor);
  const paths = tool === null ? toolFolders.map((folder) => join(folder, name)) : [join(fetchedFolder(context), tool.sha256)];
  let why = '';
  for (const path of paths) {
    const found = await askTool(path, minor, (argv) => run(argv, { signal: context.signal }));
    if ('says' in found) return found;
    why = found.message;
  }
  return stepFailure('wrong-version', `${why || `no folder has ${name}`}; or give ${name} to the restore as an artifact`, name);
}

export function plainPath(spec: Pick<RestoreDatastoreSpec, 'keys' | 'snapshot'>, context: Pick<StepContext, 'folder'>): string {
  return join(fetchedFolder(context), spec.keys.length === 0 ? spec.snapshot.sha256 : 'snapshot.db');
}

/** @throws where it was not staged */
export async function readExpected(folder: string): Promise<ExpectedDatastore> {
  return JSON.parse(await readFile(join(folder, EXPECTED), 'utf8')) as ExpectedDatastore;
}

/** Dropped when the assignment is over: it holds all of a cluster's secrets. */
export function fetchedFolder({ folder }: Pick<StepContext, 'folder'>): string {
  return join(folder, 'fetched');
}

async function openCopy(parts: RestoreParts, spec: RestoreDatastoreSpec, copy: string, context: StepContext): Promise<StepResult> {
  const opened = await openSealedCopy(parts, spec, { copy, path: plainPath(spec, context) }, context);
  if (!opened.ok) return opened;
  const checked = await checkSnapshot(plainPath(spec, context), {}, context.signal);
  if (!checked.ok) return unusable(`${checked.code}: the snapshot is damaged: ${checked.message}`, spec.plain.sha256);
  if (checked.digest !== spec.plain.sha256) return unusable('other-bytes: it is whole, and another snapshot than the one that was recorded', spec.plain.sha256);
  await writeDurably(join(context.folder, EXPECTED), JSON.stringify({ revision: newestRevision(checked), keys: checked.totalKey } satisfies ExpectedDatastore));
  return STEP_OK;
}

/** Opens a sealed copy with this host's key, into a file for root alone; one that is not sealed lies there already. Idempotent. */
export async function openSealedCopy({ identity }: Pick<RestoreParts, 'identity'>, { plain, snapshot, keys }: Pick<RestoreDatastoreSpec, 'plain' | 'snapshot' | 'keys'>, { copy, path }: { readonly copy: string; readonly path: string }, { signal }: Pick<StepContext, 'signal'>): Promise<StepResult> {
  if (path === copy || (await hasSha256(path, plain.sha256))) return STEP_OK;
  await rm(path, { force: true });
  const beside = keys.map(parseStanzaLine).filter((stanza) => stanza !== null);
  const sink = await openPlainFileSink(path, signal);
  try {
    const recorded = { plain: { digest: plain.sha256, sizeBytes: plain.size }, sealed: { digest: snapshot.sha256, sizeBytes: snapshot.size } };
    const opened = await unseal(createReadStream(copy) as AsyncIterable<Buffer>, [{ ...(await identity()), beside }], recorded, sink, signal);
    if (!opened.ok) return unusable(`${opened.code}: the snapshot cannot be opened here: ${opened.message}`, snapshot.sha256);
    await sink.finish();
    return STEP_OK;
  } finally {
    await sink.discard();
  }
}

function unusable(message: string, object: string): StepFailure {
  return stepFailure('snapshot-unusable', message, object);
}
