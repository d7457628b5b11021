import { lstat, readdir } from 'node:fs/promises';

import { changeOf, parseKubeVersion } from '../../../shared/domain/kube-version.ts';
import type { K3sSpec } from '../../../shared/domain/steps/k3s-spec.ts';
import { hasSha256 } from '../../../shared/files/part-file.ts';
import type { Artifacts } from '../../ports/artifacts.ts';
import type { K3s } from '../../ports/k3s.ts';
import { removeNewState, stateFiles } from '../kubelet/kubelet-state.ts';
import { type CaptureResult, type CheckResult, STEP_OK, type StepContext, type StepExecutor, type StepResult, stepFailure } from '../step.ts';
import { type FileCopy, isBack, isKept, keepFile } from '../kept-files.ts';
import { inspect } from './inspect.ts';
import { installLine } from './install-line.ts';
import { type Places, placesOf } from './places.ts';
import { KNOWN_WATCH_MS } from '../prove-unit.ts';
import { NEW_WATCH_MS, type ProofParts, proveK3s, startedUnixMs, whatLacks } from './prove-k3s.ts';
import { putBack } from './put-back.ts';
import { putInPlace } from './put-in-place.ts';
import { stageK3s } from './stage.ts';

/** K3s as it was found. */
export interface K3sPrior {
  readonly binary: string;
  readonly dataDir: string;
  readonly version: string;
  readonly wasActive: boolean;
  /** Monotonic, of the unit's last start: another one than this ran something else, or might have. */
  readonly startedMs: number;
  /** The binary, what lay beside it as the previous one, and the archive of the new one's name. */
  readonly copies: { readonly binary: FileCopy; readonly previous: FileCopy; readonly archive: FileCopy | null };
  readonly hadImagesFolder: boolean;
  /** Names in K3s' folder of images. */
  readonly images: readonly string[];
  /** Checkpoints of K3s' kubelet; absent where the journal is of an agent that did not look. */
  readonly kubeletState?: readonly string[];
}

export interface K3sParts extends ProofParts {
  readonly k3s: K3s;
  readonly artifacts: Artifacts;
  /** Where K3s' kubelet keeps its checkpoints. */
  readonly kubeletFolder: string;
}

/** Replaces the binary that K3s' unit runs, and back. Unit, environment and configuration are read and never written. */
export function k3sStep(parts: K3sParts): StepExecutor<K3sSpec, K3sPrior> {
  return {
    kind: 'k3s',
    stage: (spec, context) => stageK3s(parts.k3s, parts.artifacts, spec, context),
    check: (spec, context) => check(parts, spec, context),
    capture: (spec, context) => capture(parts, spec, context),
    apply: (spec, prior, context) => apply(parts, spec, prior, context),
    verify: (spec, prior, context) => verify(parts, spec, prior, context),
    revert: (spec, prior, context) => revert(parts, spec, prior, context),
    canRevert: (spec, prior, context) => canRevert(prior, placesOf(spec, prior, context)),
    pointOfNoReturn: ({ role, crossesMinor }) => (role === 'server' && crossesMinor ? 'K3s of the new minor has opened its datastore' : null),
    crossed: (spec, prior, context) => crossed(parts, spec, prior, context),
  };
}

async function check(parts: K3sParts, spec: K3sSpec, context: StepContext): Promise<CheckResult> {
  const found = await inspect(parts.k3s, spec, context);
  if (!found.ok) return found;
  const { places, unit } = found;
  context.output(installLine(places.unit, unit));
  const inPlace = (await hasSha256(places.binary, spec.binary.sha256)) && (await hasImages(spec, places));
  return { ok: true, state: inPlace && (await runsWhatLiesThere(parts, spec, places, context)) ? 'satisfied' : 'needed' };
}

/** Was the process started after the binary was written, and does the node report its version? In doubt it is restarted. */
async function runsWhatLiesThere(parts: K3sParts, { version }: K3sSpec, { unit, binary, kubeconfig }: Places, { signal }: StepContext): Promise<boolean> {
  const look = await parts.units.look(unit, signal);
  if (look?.activeState !== 'active') return false;
  const sinceUnixMs = startedUnixMs(look, parts.clock);
  return (await lstat(binary)).mtimeMs < sinceUnixMs && whatLacks(await parts.truthOf(kubeconfig).node(signal), version, sinceUnixMs) === '';
}

async function capture({ k3s, units, kubeletFolder }: K3sParts, spec: K3sSpec, context: StepContext): Promise<CaptureResult<K3sPrior>> {
  const found = await inspect(k3s, spec, context);
  if (!found.ok) return found;
  const { places, unit, version } = found;
  const look = await units.look(places.unit, context.signal);
  const images = await readdir(places.imagesFolder).catch(() => null);
  const copies = {
    binary: await keepFile(places.binary, places.kept),
    previous: await keepFile(places.previous, places.kept),
    archive: places.archive === null ? null : await keepFile(places.archive, places.kept),
  };
  return {
    ok: true,
    prior: {
      ...{ binary: unit.binary, dataDir: unit.dataDir, version, copies },
      wasActive: look !== null && ['active', 'activating', 'reloading'].includes(look.activeState),
      startedMs: look?.startedMs ?? 0,
      hadImagesFolder: images !== null,
      images: (images ?? []).toSorted(),
      kubeletState: await stateFiles(kubeletFolder),
    },
  };
}

/** Also where an earlier attempt was cut off anywhere in it. */
async function apply({ units }: K3sParts, spec: K3sSpec, prior: K3sPrior, context: StepContext): Promise<StepResult> {
  const places = placesOf(spec, prior, context);
  const placed = await putInPlace(spec, prior, places, context);
  if (!placed.ok) return placed;
  const said = await units.restart(places.unit, context.signal);
  if (said === '') return STEP_OK;
  context.output(await units.lastLines(places.unit, context.signal));
  return stepFailure('unit-crashed', `${places.unit} does not start: ${said}`, places.unit);
}

async function verify(parts: K3sParts, spec: K3sSpec, prior: K3sPrior, context: StepContext): Promise<StepResult> {
  const places = placesOf(spec, prior, context);
  if (!(await hasSha256(places.binary, spec.binary.sha256))) return stepFailure('verify-failed', `${places.binary} is not what was staged`, places.binary);
  if (!(await hasImages(spec, places))) return stepFailure('verify-failed', `${places.archive} is not what was staged`, places.archive ?? '');
  const version = await parts.k3s.version(places.binary, context.signal);
  if (version !== spec.version) return stepFailure('verify-failed', `${places.binary} is K3s ${version}, not ${spec.version}`, places.binary);
  return proveK3s(parts, { unit: places.unit, kubeconfig: places.kubeconfig, version: spec.version, watchMs: NEW_WATCH_MS, unreachable: 'fails' }, context);
}

async function revert(parts: K3sParts, spec: K3sSpec, prior: K3sPrior, context: StepContext): Promise<StepResult> {
  const { units } = parts;
  const { signal } = context;
  const places = placesOf(spec, prior, context);
  const lost = await putBack(prior, places);
  if (lost !== null) return stepFailure('revert-failed', `${lost} cannot be brought back, what was kept of it is gone`, lost);
  const look = await units.look(places.unit, signal);
  if (prior.wasActive && look?.activeState === 'active' && look.startedMs === prior.startedMs) return STEP_OK;
  // One that is still starting would write once more what is taken away here.
  const stopped = await units.stop(places.unit, signal);
  if (stopped !== '') return stepFailure('revert-failed', `${places.unit} cannot be stopped: ${stopped}`, places.unit);
  if (prior.kubeletState !== undefined) await removeNewState(parts.kubeletFolder, prior.kubeletState);
  if (!prior.wasActive) return STEP_OK;
  const said = await units.restart(places.unit, signal);
  if (said !== '') {
    context.output(await units.lastLines(places.unit, signal));
    return stepFailure('revert-failed', `${places.unit} does not start on ${prior.version} again: ${said}`, places.unit);
  }
  // An agent's API is another host's: that one being away must not keep this one from being whole.
  return proveK3s(parts, { unit: places.unit, kubeconfig: places.kubeconfig, version: prior.version, watchMs: KNOWN_WATCH_MS, unreachable: spec.role === 'agent' ? 'passes' : 'fails' }, context);
}

async function canRevert({ copies }: K3sPrior, { kept }: Places): Promise<StepResult> {
  for (const copy of [copies.binary, copies.previous, copies.archive]) {
    if (copy !== null && !(await isBack(copy)) && !(await isKept(copy, kept))) return stepFailure('prior-unavailable', `what was kept of ${copy.path} is gone or damaged`, copy.path);
  }
  return STEP_OK;
}

/**
 * Once a server of a newer minor was started it may have migrated its datastore, whoever started it: this step, systemd or
 * a boot. It was not where the old binary still has its name, or where the unit's last start is the one that was captured.
 */
async function crossed({ units }: K3sParts, spec: K3sSpec, prior: K3sPrior, context: StepContext): Promise<boolean> {
  const [from, to] = [parseKubeVersion(prior.version), parseKubeVersion(spec.version)];
  if (spec.role !== 'server' || (from !== null && to !== null && changeOf(from, to) !== 'minor')) return false;
  const places = placesOf(spec, prior, context);
  if (!(await hasSha256(places.binary, spec.binary.sha256))) return false;
  return (await units.look(places.unit, context.signal))?.startedMs !== prior.startedMs;
}

async function hasImages({ images }: K3sSpec, { archive }: Places): Promise<boolean> {
  return images === null || archive === null || (await hasSha256(archive, images.sha256));
}
