import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { K3sRuntimesSpec } from '../../../shared/domain/steps/k3s-runtimes-spec.ts';
import { foundByK3s } from '../../facts/found-by-k3s.ts';
import type { HostFiles } from '../../facts/host-files.ts';
import type { Cri } from '../../ports/cri.ts';
import type { K3s } from '../../ports/k3s.ts';
import { copiesFolder, copiesKept } from '../files/copies-kept.ts';
import { textIfThere } from '../files/file-text.ts';
import { copyPaths, isAsCopied, type PathCopy, restorePaths } from '../files/path-copies.ts';
import { placeFile, rewriteFile } from '../files/place-file.ts';
import { unitOf } from '../k3s/places.ts';
import { NEW_WATCH_MS, type ProofParts, proveK3s } from '../k3s/prove-k3s.ts';
import { answerOnceUp } from '../answer-once-up.ts';
import { isOwed, owe, settleOwed } from '../owed.ts';
import { captureSpace, releaseSpace } from '../packages/reserve.ts';
import { isUp, KNOWN_WATCH_MS } from '../prove-unit.ts';
import { refuseRuntimeInUse } from '../refuse-runtime-in-use.ts';
import { type CaptureResult, type CheckResult, STEP_OK, type StepContext, type StepExecutor, type StepFailure, type StepResult, stepFailure } from '../step.ts';
import { addedRuntimes, hasRuntime, mergeTemplate, personsPart, TEMPLATE_KINDS, templateKind } from './containerd-template.ts';
import { mergeRegistries } from './merge-registries.ts';
import { undoChanged } from './undo-changed.ts';

export interface K3sRuntimesPrior {
  /** Both templates, the folder that holds them, and registries.yaml. */
  readonly copies: readonly PathCopy[];
  readonly version: string;
  readonly wasActive: boolean;
}

export interface K3sRuntimesParts extends ProofParts {
  readonly k3s: K3s;
  /** K3s' own containerd. */
  readonly cri: Pick<Cri, 'look' | 'handlersInUse'>;
  readonly files: Pick<HostFiles, 'exists'>;
}

/** Registries may hold passwords. */
const REGISTRIES_MODE = 0o600;

/** Adds runtimes and mirrors where K3s looks for a person's own, and back; K3s makes containerd's configuration of them when it starts. */
export function k3sRuntimesStep(parts: K3sRuntimesParts): StepExecutor<K3sRuntimesSpec, K3sRuntimesPrior> {
  return {
    kind: 'k3s_runtimes',
    stage: async (spec, context) => {
      const found = await inspect(parts, spec, context);
      return found.ok ? ((await refuseInUse(parts, found, context)) ?? STEP_OK) : found;
    },
    check: (spec, context) => check(parts, spec, context),
    capture: (spec, context) => capture(parts, spec, context),
    apply: (spec, _prior, context) => apply(parts, spec, context),
    verify: (spec, prior, context) => verify(parts, spec, prior, context),
    revert: (spec, prior, context) => revert(parts, spec, prior, context),
    canRevert: (_spec, { copies }, context) => copiesKept(copies, copiesFolder(context)),
  };
}

interface Found {
  readonly ok: true;
  readonly version: string;
  readonly unit: string;
  /** All that the step may write. */
  readonly paths: readonly string[];
  /** What K3s makes of it. */
  readonly generated: string;
  readonly kubeconfig: string;
  /** By path, as it has to be; only what has to change. */
  readonly changes: ReadonlyMap<string, string>;
  /** Runtimes that would go. */
  readonly removed: readonly string[];
}

/** Reads what there is, and says what would have to be written. */
async function inspect({ k3s, files }: K3sRuntimesParts, spec: K3sRuntimesSpec, { signal }: StepContext): Promise<Found | StepFailure> {
  const name = unitOf(spec);
  const unit = await k3s.unit(name, signal);
  if (unit === null) return stepFailure('unit-not-found', `this host has no ${name} that runs K3s; check the role in the plan`, name);
  if (unit.args[0] !== spec.role) return stepFailure('role-mismatch', `${name} runs K3s as ${unit.args[0] ?? 'nothing'}, the plan says ${spec.role}`, name);
  if (unit.hasOtherRuntime) return stepFailure('not-allowed', `K3s is told to use another container runtime than its own, and makes no configuration for that one`, name);
  const version = await k3s.version(unit.binary, signal);
  if (version === null) return stepFailure('wrong-version', `${unit.binary} does not say its version; nobody can say which template it reads`, unit.binary);
  const folder = join(unit.dataDir, 'agent/etc/containerd');
  if ((await stat(folder).catch(() => null)) === null) return stepFailure('not-allowed', `K3s never ran on this host: there is no ${folder}; start it once first`, folder);
  const generated = join(folder, 'config.toml');
  const templates = new Map<string, string | null>();
  for (const { file } of TEMPLATE_KINDS) templates.set(file, await textIfThere(join(folder, file)));
  const kind = templateKind(version, (file) => templates.get(file) !== null);
  const [template, text] = [join(folder, kind.file), templates.get(kind.file) ?? null];
  const refused = refuse(spec, template, text, foundByK3s(files));
  if (refused !== null) return refused;
  const registriesText = spec.mirrors.length === 0 ? null : await textIfThere(unit.registries);
  const registries = spec.mirrors.length === 0 ? null : await mergeRegistries(registriesText, spec.mirrors);
  if (spec.mirrors.length > 0 && registries === null) return stepFailure('config-unreadable', `${unit.registries} cannot be read without doubt; mend it by hand`, unit.registries);
  const merged = mergeTemplate(text, kind, spec.runtimes);
  const changes = new Map<string, string>();
  if (merged !== null && merged !== text) changes.set(template, merged);
  if (registries !== null && registries !== registriesText) changes.set(unit.registries, registries);
  const paths = [...TEMPLATE_KINDS.map(({ file }) => join(folder, file)), unit.registries];
  const removed = addedRuntimes(text ?? '').filter((one) => spec.runtimes.every((runtime) => runtime.name !== one));
  return { ok: true, version, unit: name, paths, generated, kubeconfig: join(unit.dataDir, 'agent/kubelet.kubeconfig'), changes, removed };
}

/** A table that stands twice is no TOML: containerd would not start, and K3s with it. */
function refuse({ runtimes }: K3sRuntimesSpec, template: string, text: string | null, found: ReadonlyMap<string, string>): StepFailure | null {
  for (const { name } of runtimes) {
    if (text !== null && hasRuntime(personsPart(text), name)) return stepFailure('not-allowed', `${template} has a runtime ${name} that somebody wrote by hand; take it out of there or out of the plan`, template);
    const program = found.get(name);
    if (program !== undefined) return stepFailure('not-allowed', `K3s finds ${program} and adds the runtime ${name} by itself; take it out of the plan, or give it another name`, program);
  }
  return null;
}

async function refuseInUse(parts: K3sRuntimesParts, { unit, removed }: Found, context: StepContext): Promise<StepFailure | null> {
  if (removed.length === 0) return null;
  await answerOnceUp(parts, { unit, cri: parts.cri }, context);
  return refuseRuntimeInUse(parts.cri, removed, context);
}

async function check(parts: K3sRuntimesParts, spec: K3sRuntimesSpec, context: StepContext): Promise<CheckResult> {
  const found = await inspect(parts, spec, context);
  if (!found.ok) return found;
  const refused = await refuseInUse(parts, found, context);
  if (refused !== null) return refused;
  return { ok: true, state: found.changes.size === 0 && !(await isOwed(context.folder)) ? 'satisfied' : 'needed' };
}

async function capture(parts: K3sRuntimesParts, spec: K3sRuntimesSpec, context: StepContext): Promise<CaptureResult<K3sRuntimesPrior>> {
  const found = await inspect(parts, spec, context);
  if (!found.ok) return found;
  const look = await parts.units.look(found.unit, context.signal);
  const made = (await Promise.all(found.paths.map((path) => missingFolders(dirname(path))))).flat();
  const copies = await copyPaths([...made, ...found.paths], copiesFolder(context));
  await captureSpace(context.folder, []);
  return { ok: true, prior: { copies, version: found.version, wasActive: look !== null && isUp(look) } };
}

async function apply(parts: K3sRuntimesParts, spec: K3sRuntimesSpec, context: StepContext): Promise<StepResult> {
  const found = await inspect(parts, spec, context);
  if (!found.ok) return found;
  await owe(context.folder);
  for (const [path, text] of found.changes) await write(path, text, path === found.paths.at(-1) ? REGISTRIES_MODE : 0o644);
  const restarted = await restart(parts, found.unit, context);
  if (restarted.ok) await settleOwed(context.folder);
  return restarted;
}

/** Where all was right already nothing was restarted, and what runs is proved as it is. */
async function verify(parts: K3sRuntimesParts, spec: K3sRuntimesSpec, { version }: K3sRuntimesPrior, context: StepContext): Promise<StepResult> {
  const found = await inspect(parts, spec, context);
  if (!found.ok) return found;
  const [wrong] = found.changes.keys();
  if (wrong !== undefined) return stepFailure('verify-failed', `${wrong} is not as it was written`, wrong);
  const proved = await proveK3s(parts, { unit: found.unit, kubeconfig: found.kubeconfig, version, watchMs: NEW_WATCH_MS, unreachable: 'fails' }, context);
  if (!proved.ok) return proved;
  const generated = (await textIfThere(found.generated)) ?? '';
  const missing = spec.runtimes.find(({ name }) => !hasRuntime(generated, name));
  if (missing !== undefined) return stepFailure('verify-failed', `K3s made no runtime ${missing.name} of its template: ${found.generated} has none`, found.generated);
  return proveHandlers(parts, spec, context);
}

async function proveHandlers({ cri }: K3sRuntimesParts, { runtimes }: K3sRuntimesSpec, { signal }: StepContext): Promise<StepResult> {
  const answer = await cri.look(signal);
  if (!answer.reached || !answer.ready) return stepFailure('runtime-unready', `K3s' containerd is not ready: ${answer.why}`, 'containerd');
  const missing = runtimes.find(({ name }) => !answer.handlers.includes(name));
  return missing === undefined ? STEP_OK : stepFailure('verify-failed', `containerd has no runtime ${missing.name}; it has ${answer.handlers.join(', ')}`, missing.name);
}

/** K3s makes its own files anew of what was put back, when it starts. */
async function revert(parts: K3sRuntimesParts, spec: K3sRuntimesSpec, { copies, version, wasActive }: K3sRuntimesPrior, context: StepContext): Promise<StepResult> {
  await releaseSpace(context.folder);
  const unit = unitOf(spec);
  if (!(await Promise.all(copies.map(isAsCopied))).every(Boolean)) await owe(context.folder);
  const lost = await restorePaths(await undoChanged(copies, copiesFolder(context), spec, context), copiesFolder(context));
  if (lost.length > 0) return stepFailure('revert-failed', `${lost.join(', ')} cannot be brought back, the copy is gone`, lost[0]);
  if (!(await isOwed(context.folder))) return STEP_OK;
  if (!wasActive) {
    const said = await parts.units.stop(unit, context.signal);
    return said === '' ? STEP_OK : stepFailure('revert-failed', `${unit} was not running before and cannot be stopped: ${said}`, unit);
  }
  const restarted = await restart(parts, unit, context);
  if (!restarted.ok) return restarted;
  const found = await inspect(parts, { ...spec, runtimes: [], mirrors: [] }, context);
  if (!found.ok) return found;
  // An agent's API is another host's: that one being away must not keep this one from being whole.
  const proved = await proveK3s(parts, { unit, kubeconfig: found.kubeconfig, version, watchMs: KNOWN_WATCH_MS, unreachable: spec.role === 'agent' ? 'passes' : 'fails' }, context);
  if (proved.ok) await settleOwed(context.folder);
  return proved;
}

async function restart({ units }: K3sRuntimesParts, unit: string, context: StepContext): Promise<StepResult> {
  const said = await units.restart(unit, context.signal);
  if (said === '') return STEP_OK;
  context.output(await units.lastLines(unit, context.signal));
  return stepFailure('unit-crashed', `${unit} does not start: ${said}`, unit);
}

async function write(path: string, text: string, newMode: number): Promise<void> {
  if ((await stat(path).catch(() => null)) !== null) return rewriteFile(path, text);
  await mkdir(dirname(path), { recursive: true });
  await placeFile(path, Buffer.from(text), { mode: newMode, uid: 0, gid: 0 });
}

/** Those that writing a file there makes, the topmost first. */
async function missingFolders(folder: string): Promise<readonly string[]> {
  return (await stat(folder).catch(() => null)) === null ? [...(await missingFolders(dirname(folder))), folder] : [];
}
