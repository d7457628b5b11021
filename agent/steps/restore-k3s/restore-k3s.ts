import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { parseKubeVersion } from '../../../shared/domain/kube-version.ts';
import type { RestoreK3sSpec } from '../../../shared/domain/steps/restore-specs.ts';
import { syncFolder } from '../../../shared/files/write-durably.ts';
import type { K3s, K3sUnit } from '../../ports/k3s.ts';
import { missingRoom } from '../../snapshots/snapshot-folder.ts';
import { checkKine } from '../../snapshots/sqlite/kine-database.ts';
import { ArchiveError } from '../../snapshots/sqlite/read-archive.ts';
import { unpackArchive } from '../../snapshots/sqlite/unpack-archive.ts';
import { NEW_WATCH_MS, type ProofParts, proveK3s } from '../k3s/prove-k3s.ts';
import { isUp, KNOWN_WATCH_MS } from '../prove-unit.ts';
import { allowStart, holdUnit } from '../restore/hold-unit.ts';
import type { RestoreParts } from '../restore/restore-parts.ts';
import { fetchedFolder, openSealedCopy, plainPath } from '../restore/stage-snapshot.ts';
import { type CaptureResult, STEP_OK, type StepContext, type StepExecutor, type StepFailure, type StepResult, stepFailure } from '../step.ts';
import { isOldKept, isPutAside, markFresh, type ServerPlaces, serverPlaces, switchServer, switchServerBack } from './switch-server.ts';

export interface RestoreK3sParts extends ProofParts, Pick<RestoreParts, 'artifacts' | 'identity' | 'unitsDir'> {
  readonly k3s: K3s;
}

export interface RestoreK3sPrior {
  readonly dataDir: string;
  readonly version: string;
  readonly wasActive: boolean;
}

const UNIT = 'k3s.service';
/** Once unpacked to be looked at, once in place. */
const ROOM_TIMES = 2;

/** Puts back what a server of K3s keeps in SQLite, with K3s held meanwhile; what lay there is kept, and comes back where K3s does not start on it. */
export function restoreK3sStep(parts: RestoreK3sParts): StepExecutor<RestoreK3sSpec, RestoreK3sPrior> {
  return {
    kind: 'restore_k3s',
    stage: (spec, context) => stage(parts, spec, context),
    check: async () => ({ ok: true, state: 'needed' }),
    capture: (spec, context) => capture(parts, spec, context),
    apply: (spec, prior, context) => apply(parts, spec, prior, context),
    verify: (_spec, { dataDir, version }, context) => proved(parts, dataDir, version, NEW_WATCH_MS, context),
    revert: (spec, prior, context) => revert(parts, spec, prior, context),
    canRevert: (spec, { dataDir }) => oldKept(serverPlaces(dataDir, spec.token)),
  };
}

async function stage(parts: RestoreK3sParts, spec: RestoreK3sSpec, context: StepContext): Promise<StepResult> {
  const server = await serverHere(parts, spec, context);
  if (!('unit' in server)) return server;
  const fetched = fetchedFolder(context);
  const copy = await parts.artifacts.fetch(spec.snapshot, fetched, context.signal);
  if (!copy.ok) return copy;
  for (const folder of [join(server.unit.dataDir, 'server'), fetched]) {
    const missing = await missingRoom(folder, ROOM_TIMES * spec.plain.size);
    if (missing > 0) return stepFailure('disk-full', `a restore needs ${ROOM_TIMES} times the ${spec.plain.size} bytes of the snapshot under ${folder}, which lacks ${missing}; free some and start again`, folder);
  }
  const opened = await openSealedCopy(parts, spec, { copy: copy.path, path: plainPath(spec, context) }, context);
  return opened.ok ? unpackAndCheck(spec, join(fetched, 'unpacked'), context) : opened;
}

/** @returns the K3s that is to go on with it: of the same minor, or a later one. */
async function serverHere({ k3s }: RestoreK3sParts, { version }: RestoreK3sSpec, { signal }: StepContext): Promise<{ readonly unit: K3sUnit; readonly version: string } | StepFailure> {
  const unit = await k3s.unit(UNIT, signal);
  if (unit === null || unit.args[0] !== 'server') return stepFailure('role-mismatch', `this host has no ${UNIT} that runs K3s as a server`, UNIT);
  const installed = await k3s.version(unit.binary, signal);
  const [own, taken] = [parseKubeVersion(installed ?? ''), parseKubeVersion(version)];
  if (own === null || taken === null || own.minor < taken.minor) return stepFailure('version-skew', `this host runs K3s ${installed ?? 'of no version'}, and the snapshot is of ${version}: only that minor or a later one starts on it; upgrade K3s first`, UNIT);
  return { unit, version: installed ?? '' };
}

async function unpackAndCheck(spec: RestoreK3sSpec, folder: string, context: StepContext): Promise<StepResult> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    await unpackArchive(plainPath(spec, context), folder, context.signal);
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    return stepFailure('snapshot-unusable', `broken-archive: ${error.message}`, spec.plain.sha256);
  }
  const checked = checkKine(join(folder, 'server/db/state.db'));
  return checked.ok ? STEP_OK : stepFailure('snapshot-unusable', `${checked.code}: ${checked.message}`, spec.plain.sha256);
}

async function capture(parts: RestoreK3sParts, spec: RestoreK3sSpec, context: StepContext): Promise<CaptureResult<RestoreK3sPrior>> {
  const server = await serverHere(parts, spec, context);
  if (!('unit' in server)) return server;
  const look = await parts.units.look(UNIT, context.signal);
  return { ok: true, prior: { dataDir: server.unit.dataDir, version: server.version, wasActive: look !== null && isUp(look) } };
}

async function apply(parts: RestoreK3sParts, spec: RestoreK3sSpec, { dataDir }: RestoreK3sPrior, context: StepContext): Promise<StepResult> {
  const places = serverPlaces(dataDir, spec.token);
  if (!(await isPutAside(places.aside))) {
    // On the disk of the data: it is moved into its place.
    const made = await unpackAndCheck(spec, places.fresh, context);
    if (!made.ok) return made;
    await markFresh(places);
    await syncTree(places.fresh);
  }
  const held = await hold(parts, context);
  if (!held.ok) return held;
  await switchServer(places);
  await rm(places.fresh, { recursive: true, force: true });
  await allowStart(parts, UNIT);
  const started = await start(parts, 'apply-failed', context);
  return started.ok ? { ok: true, note: `what lay there before is kept in ${places.aside}; agents that do not come back by themselves are restarted: systemctl restart k3s-agent` } : started;
}

async function revert(parts: RestoreK3sParts, spec: RestoreK3sSpec, { dataDir, version, wasActive }: RestoreK3sPrior, context: StepContext): Promise<StepResult> {
  const places: ServerPlaces = serverPlaces(dataDir, spec.token);
  const held = await hold(parts, context);
  if (!held.ok) return held;
  if (!(await switchServerBack(places))) return oldKept(places);
  await allowStart(parts, UNIT);
  if (!wasActive) return STEP_OK;
  const started = await start(parts, 'revert-failed', context);
  return started.ok ? proved(parts, dataDir, version, KNOWN_WATCH_MS, context) : started;
}

async function oldKept(places: ServerPlaces): Promise<StepResult> {
  return (await isOldKept(places)) ? STEP_OK : stepFailure('prior-unavailable', `what lay there before is no longer in ${places.aside}: somebody took it away; k3s stays stopped on what was restored until that is put back`, places.aside);
}

async function hold(parts: RestoreK3sParts, { signal }: StepContext): Promise<StepResult> {
  const said = await holdUnit(parts, UNIT, signal);
  return said === '' ? STEP_OK : stepFailure('datastore-running', `${UNIT} cannot be stopped: ${said}`, UNIT);
}

async function start({ units }: RestoreK3sParts, code: 'apply-failed' | 'revert-failed', context: StepContext): Promise<StepResult> {
  const said = await units.restart(UNIT, context.signal);
  if (said === '') return STEP_OK;
  context.output(await units.lastLines(UNIT, context.signal));
  return stepFailure(code, `${UNIT} does not start: ${said}`, UNIT);
}

function proved(parts: RestoreK3sParts, dataDir: string, version: string, watchMs: number, context: StepContext): Promise<StepResult> {
  return proveK3s(parts, { unit: UNIT, kubeconfig: join(dataDir, 'agent/kubelet.kubeconfig'), version, watchMs, unreachable: 'fails' }, context);
}

async function syncTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await syncTree(join(folder, entry.name));
    // Opens a file as well as a folder.
    else if (entry.isFile()) await syncFolder(join(folder, entry.name));
  }
  await syncFolder(folder);
}
