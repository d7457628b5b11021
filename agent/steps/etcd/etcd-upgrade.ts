import { chmod, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { EtcdUpgradeSpec } from '../../../shared/domain/steps/etcd-spec.ts';
import { askCluster } from '../../etcd/cluster-now.ts';
import { answerInTime } from '../../etcd/answer-in-time.ts';
import { hasSha256 } from '../../../shared/files/part-file.ts';
import type { EtcdPlace } from '../../ports/etcd.ts';
import { type FileCopy, isBack, isKept, keepFile, restoreFile } from '../kept-files.ts';
import { noRoom } from '../no-room.ts';
import { type BinaryPlaces, placeBinary } from '../place-binary.ts';
import { type CaptureResult, type CheckResult, STEP_OK, type StepContext, type StepExecutor, type StepResult, stepFailure } from '../step.ts';
import type { EtcdParts } from './etcd-parts.ts';
import { inspectEtcd, releaseOf } from './inspect-etcd.ts';
import { proveStarted } from './prove-member.ts';
import { refuseMembers, waitUntilSpared } from './wait-until-spared.ts';

/** An etcd as it was found. */
export interface EtcdPrior {
  readonly binary: string;
  /** Of the binary that lay there. */
  readonly version: string;
  readonly place: EtcdPlace;
  /** Null where it did not answer. */
  readonly memberId: string | null;
  /** Where the other members serve their clients. */
  readonly others: readonly string[];
  readonly wasActive: boolean;
  /** Monotonic, of the unit's last start: another one than this ran something else, or might have. */
  readonly startedMs: number;
  readonly copies: { readonly binary: FileCopy; readonly previous: FileCopy };
}

/** Before anything is changed a cluster that is not well has this long; then the host is left as it is. */
const SPARED_WITHIN_MS = 60_000;
/** Going back there is nothing else to do than to wait. */
const BACK_SPARED_WITHIN_MS = 300_000;

/** Replaces the binary of an etcd that systemd runs, one member of its cluster, and back while the cluster is still mixed. */
export function etcdUpgradeStep(parts: EtcdParts): StepExecutor<EtcdUpgradeSpec, EtcdPrior> {
  return {
    kind: 'etcd_upgrade',
    stage: (spec, context) => stage(parts, spec, context),
    check: (spec, context) => check(parts, spec, context),
    capture: (spec, context) => capture(parts, spec, context),
    apply: (spec, prior, context) => apply(parts, spec, prior, context),
    verify: (spec, prior, context) => verify(parts, spec, prior, context),
    revert: (spec, prior, context) => revert(parts, spec, prior, context),
    canRevert: (spec, prior, context) => canRevert(parts, spec, prior, context),
    crossed: (spec, prior, context) => crossed(parts, spec, prior, context),
  };
}

async function stage(parts: EtcdParts, spec: EtcdUpgradeSpec, context: StepContext): Promise<StepResult> {
  const { host, ask, artifacts } = parts;
  const found = await inspectEtcd(parts, spec, context);
  if (!found.ok) return found;
  const { unit, place } = found;
  const asked = await askCluster(place, ask, context.signal);
  // One that is down now may be up when its turn comes: what is asked then decides.
  const refused = asked.ok && asked.value.members.every(({ status }) => status.ok) ? refuseMembers(asked.value, releaseOf(spec)) : null;
  if (refused !== null) return refused;
  const binary = await artifacts.fetch(spec.binary, placesOf(spec, unit.binary, context).fetched, context.signal);
  if (!binary.ok) return binary;
  await chmod(binary.path, 0o700);
  const { version, said } = await host.version(binary.path, [], context.signal);
  if (version !== spec.version) return stepFailure('wrong-version', `artifact ${spec.binary.sha256} ${version === null ? `is no etcd that runs on this host (${said})` : `is etcd ${version}`}, the plan says ${spec.version}`, spec.binary.sha256);
  const flagged = await host.version(binary.path, unit.flags, context.signal);
  if (flagged.version !== spec.version) return stepFailure('config-refused', `etcd-flag-removed: etcd ${spec.version} does not start with the flags of ${spec.unit}: ${flagged.said}`, spec.unit);
  return noRoom(2 * spec.binary.size, [dirname(unit.binary), context.folder]);
}

async function check(parts: EtcdParts, spec: EtcdUpgradeSpec, context: StepContext): Promise<CheckResult> {
  const found = await inspectEtcd(parts, spec, context);
  if (!found.ok) return found;
  return { ok: true, state: (await runsIt(parts, spec, found.unit.binary, found.place, context)) ? 'satisfied' : 'needed' };
}

/** What lies there is what was asked for, and what answers says that it is that version. */
async function runsIt({ units, ask }: EtcdParts, spec: EtcdUpgradeSpec, binary: string, place: EtcdPlace, { signal }: StepContext): Promise<boolean> {
  if (!(await hasSha256(binary, spec.binary.sha256)) || (await units.look(spec.unit, signal))?.activeState !== 'active') return false;
  const status = await answerInTime(signal, (limit) => ask.member(place).status(limit));
  return status.ok && status.value.version === spec.version;
}

async function capture(parts: EtcdParts, spec: EtcdUpgradeSpec, context: StepContext): Promise<CaptureResult<EtcdPrior>> {
  const { units, ask } = parts;
  const found = await inspectEtcd(parts, spec, context);
  if (!found.ok) return found;
  const { endpoint, caFile, certificateFile, keyFile } = found.place;
  const places = placesOf(spec, found.unit.binary, context);
  const look = await units.look(spec.unit, context.signal);
  const asked = await askCluster(found.place, ask, context.signal);
  return {
    ok: true,
    prior: {
      ...{ binary: found.unit.binary, version: found.version, place: { endpoint, caFile, certificateFile, keyFile } },
      memberId: asked.ok ? asked.value.own.memberId : null,
      others: asked.ok ? asked.value.members.filter(({ id }) => id !== asked.value.own.memberId).flatMap((member) => member.place?.endpoint ?? []) : [],
      wasActive: look !== null && ['active', 'activating', 'reloading'].includes(look.activeState),
      startedMs: look?.startedMs ?? 0,
      copies: { binary: await keepFile(places.binary, places.kept), previous: await keepFile(places.previous, places.kept) },
    },
  };
}

/** Also where an earlier attempt was cut off anywhere in it. */
async function apply(parts: EtcdParts, spec: EtcdUpgradeSpec, prior: EtcdPrior, context: StepContext): Promise<StepResult> {
  if (await runsIt(parts, spec, prior.binary, prior.place, context)) return STEP_OK;
  const spared = await waitUntilSpared(parts, prior.place, { withinMs: SPARED_WITHIN_MS }, context);
  if (!spared.ok) return spared;
  const refused = spared.cluster === undefined ? null : refuseMembers(spared.cluster, releaseOf(spec));
  if (refused !== null) return refused;
  const placed = await placeBinary(spec.binary, prior.copies.binary, placesOf(spec, prior.binary, context), context);
  // etcd gives its leadership away before it ends.
  return placed.ok ? restart(parts, spec, 'unit-crashed', context) : placed;
}

async function verify(parts: EtcdParts, spec: EtcdUpgradeSpec, { binary, place, memberId }: EtcdPrior, context: StepContext): Promise<StepResult> {
  if (!(await hasSha256(binary, spec.binary.sha256))) return stepFailure('verify-failed', `${binary} is not what was staged`, binary);
  return proveStarted(parts, { unit: spec.unit, called: spec.unit, place, version: spec.version, memberId }, context);
}

async function revert(parts: EtcdParts, spec: EtcdUpgradeSpec, prior: EtcdPrior, context: StepContext): Promise<StepResult> {
  const { units } = parts;
  const places = placesOf(spec, prior.binary, context);
  const look = await units.look(spec.unit, context.signal);
  const isUntouched = look?.startedMs === prior.startedMs && prior.wasActive === (look.activeState === 'active');
  if (!isUntouched) {
    const stopped = await stopForOld(parts, spec, prior, context);
    if (!stopped.ok) return stopped;
  }
  for (const copy of [prior.copies.binary, prior.copies.previous]) {
    if (!(await restoreFile(copy, places.kept))) return stepFailure('revert-failed', `${copy.path} cannot be brought back, what was kept of it is gone`, copy.path);
  }
  await rm(places.binaryDraft, { force: true });
  if (isUntouched || !prior.wasActive) return STEP_OK;
  const started = await restart(parts, spec, 'revert-failed', context);
  return started.ok ? proveStarted(parts, { unit: spec.unit, called: spec.unit, place: prior.place, version: prior.version, memberId: prior.memberId }, context) : started;
}

/** Stops the new version, unless the cluster went past it: the old one would not start any more. */
async function stopForOld(parts: EtcdParts, spec: EtcdUpgradeSpec, prior: EtcdPrior, context: StepContext): Promise<StepResult> {
  if ((await isRaised(parts, spec, prior, context)) === true) return pastNoReturn(spec);
  const spared = await waitUntilSpared(parts, prior.place, { withinMs: BACK_SPARED_WITHIN_MS, allows: ['no-space', 'corrupt'] }, context);
  if (!spared.ok) return spared;
  const said = await parts.units.stop(spec.unit, context.signal);
  if (said !== '') return stepFailure('revert-failed', `${spec.unit} cannot be stopped: ${said}`, spec.unit);
  if ((await isRaised(parts, spec, prior, context)) !== true) return STEP_OK;
  // It was raised between the two: this member is needed as it is.
  const started = await restart(parts, spec, 'revert-failed', context);
  return started.ok ? pastNoReturn(spec) : started;
}

async function restart({ units }: EtcdParts, { unit }: EtcdUpgradeSpec, code: 'unit-crashed' | 'revert-failed', context: StepContext): Promise<StepResult> {
  const said = await units.restart(unit, context.signal);
  if (said === '') return STEP_OK;
  context.output(await units.lastLines(unit, context.signal));
  return stepFailure(code, `${unit} does not start: ${said}; on the host: journalctl -u ${unit}`, unit);
}

async function canRevert(parts: EtcdParts, spec: EtcdUpgradeSpec, prior: EtcdPrior, context: StepContext): Promise<StepResult> {
  const { kept } = placesOf(spec, prior.binary, context);
  for (const copy of [prior.copies.binary, prior.copies.previous]) {
    if (!(await isBack(copy)) && !(await isKept(copy, kept))) return stepFailure('prior-unavailable', `what was kept of ${copy.path} is gone or damaged`, copy.path);
  }
  // Refused before anything is begun: nothing is held for it.
  return (await isRaised(parts, spec, prior, context)) === true ? stepFailure('nothing-to-revert', `past a point of no return: ${whyNoReturn(spec)}`, spec.unit) : STEP_OK;
}

/** Where nobody can be asked, a new version that was started here may have been the last one that was wanting. */
async function crossed(parts: EtcdParts, spec: EtcdUpgradeSpec, prior: EtcdPrior, context: StepContext): Promise<boolean> {
  const isRestarted = (await parts.units.look(spec.unit, context.signal))?.startedMs !== prior.startedMs;
  if (!isRestarted) return false;
  return (await isRaised(parts, spec, prior, context)) ?? true;
}

/**
 * Whether the cluster has agreed on the new minor: it does so once every member runs it, and an older one does not start in it
 * any more (etcd's upgrade guides, "Mixed versions"). Null where no member says.
 */
async function isRaised({ ask }: EtcdParts, spec: EtcdUpgradeSpec, { place, others }: EtcdPrior, { signal }: StepContext): Promise<boolean | null> {
  if (!spec.crossesMinor) return false;
  const { major, minor } = releaseOf(spec);
  let known: boolean | null = null;
  for (const endpoint of [place.endpoint, ...others]) {
    const said = await ask.clusterVersion({ ...place, endpoint }, signal);
    if (said === null) continue;
    if (said === `${major}.${minor}`) return true;
    known = false;
  }
  return known;
}

function pastNoReturn(spec: EtcdUpgradeSpec): StepResult {
  return stepFailure('past-no-return', whyNoReturn(spec), spec.unit);
}

function whyNoReturn({ version }: EtcdUpgradeSpec): string {
  return `every member runs etcd ${version.split('.', 2).join('.')} and the cluster has agreed on it; an older one does not start in it any more`;
}

function placesOf({ binary: { sha256 } }: EtcdUpgradeSpec, binary: string, { folder }: Pick<StepContext, 'folder'>): BinaryPlaces {
  return { binary, binaryDraft: `${binary}.${sha256.slice(0, 12)}.new`, previous: `${binary}.prev`, fetched: join(folder, 'fetched'), kept: join(folder, 'kept') };
}
