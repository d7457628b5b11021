import { entryOf, hasOnly, itemsOf } from './loose.ts';
import type { Problem } from './problem.ts';
import { problem, warning } from './problem.ts';
import { PROCEDURE_NAMES, SPEC_KEYS, STEP_KEYS } from './plan-schema.ts';
import { checkContainerdConfig, checkContainerdUpgrade } from './procedures/containerd-procedures.ts';
import { checkDockerToContainerd } from './procedures/docker-to-containerd-procedure.ts';
import { checkK3sUpgrade } from './procedures/k3s-upgrade-procedure.ts';
import { checkKubeadmUpgrade } from './procedures/kubeadm-upgrade-procedure.ts';
import { checkWasm } from './procedures/wasm-procedure.ts';
import { quote } from './quote.ts';
import { checkContainerd } from './steps/containerd-step.ts';
import { checkFiles } from './steps/files-step.ts';
import { checkImages } from './steps/images-step.ts';
import { checkModules } from './steps/modules-step.ts';
import { checkKubeadm } from './steps/kubeadm-step.ts';
import { checkK3sRuntimes } from './steps/k3s-runtimes-step.ts';
import { checkKubeletRuntimes } from './steps/kubelet-runtime-step.ts';
import { checkKubeletProof } from './steps/kubelet-step.ts';
import { checkAgents } from './steps/agent-step.ts';
import { checkPackages } from './steps/packages-step.ts';
import { checkService } from './steps/service-step.ts';

export const GUARD_PREFIX = 'guard-';
/** Kinds of step that see whether what runs still works. */
const PROOFS = ['reboot', 'kubeadm', 'kubelet', 'kubeletConfig', 'containerd', 'criProbe'];

const PROCEDURE_CHECKS = [
  ['kubeadm-upgrade', checkKubeadmUpgrade],
  ['k3s-upgrade', checkK3sUpgrade],
  ['containerd-config', checkContainerdConfig],
  ['containerd-upgrade', checkContainerdUpgrade],
  ['wasm', checkWasm],
  ['docker-to-containerd', checkDockerToContainerd],
  ['k3s-runtimes', checkK3sRuntimes],
] as const;

/** What no single value shows. Takes the file as it was written, whether or not its parts are right by themselves. */
export function crossCheckPlan(raw: unknown): readonly Problem[] {
  const spec = entryOf(raw, 'spec');
  const waves = itemsOf(entryOf(spec, 'waves'));
  const steps = itemsOf(entryOf(spec, 'steps'));
  return [
    ...duplicates(waves, 'waves', 'wave'),
    ...wavesAfterEverything(waves),
    ...whatToDo(spec),
    ...duplicates(steps, 'steps', 'step'),
    ...steps.flatMap(checkStep),
    ...unprovenPackages(steps),
    ...checkAgents(steps),
    ...checkKubeletRuntimes(steps),
    ...silence(spec),
    ...drainTimeout(spec),
  ];
}

function duplicates(items: readonly unknown[], list: string, what: string): readonly Problem[] {
  const first = new Map<string, number>();
  return items.flatMap((item, index) => {
    const name = entryOf(item, 'name');
    if (typeof name !== 'string') return [];
    const before = first.get(name);
    if (before !== undefined) return [problem(['spec', list, index, 'name'], 'duplicate-name', `${quote(name)} is already the name of ${what} ${before + 1}; give this ${what} another name`)];
    first.set(name, index);
    return [];
  });
}

/** A wave takes what no earlier one took. */
function wavesAfterEverything(waves: readonly unknown[]): readonly Problem[] {
  const taker = waves.findIndex((wave) => typeof entryOf(wave, 'name') === 'string' && hasOnly(wave, ['name', 'soak']));
  if (taker === -1) return [];
  return waves.slice(taker + 1).map((_, offset) => problem(['spec', 'waves', taker + 1 + offset], 'conflict', `no node is left for this wave, since wave ${quote(entryOf(waves[taker], 'name'))} takes every one; move it up, or give that wave select or most`));
}

/** A misspelt key may be the one that is missing: then only that is told. */
function whatToDo(spec: unknown): readonly Problem[] {
  const [steps, procedure] = [entryOf(spec, 'steps'), entryOf(spec, 'procedure')];
  if (steps !== undefined && procedure !== undefined) return [problem(['spec', 'procedure'], 'conflict', 'stands beside steps; a plan has steps of its own or a procedure that composes them: take one of the two out', 'key')];
  if (steps === undefined && procedure === undefined) {
    const isKnown = typeof spec === 'object' && spec !== null && hasOnly(spec, SPEC_KEYS);
    return isKnown ? [problem(['spec'], 'missing', `says nothing to do; write steps, or a procedure, one of ${PROCEDURE_NAMES.join(', ')}`)] : [];
  }
  if (typeof procedure !== 'object' || procedure === null || Array.isArray(procedure)) return [];
  const names = PROCEDURE_NAMES.filter((name) => Object.hasOwn(procedure, name));
  if (names.length === 0 && hasOnly(procedure, [])) return [problem(['spec', 'procedure'], 'missing', `names none; write one of ${PROCEDURE_NAMES.join(', ')}`)];
  if (names.length > 1) return [problem(['spec', 'procedure'], 'conflict', `names ${names.join(' and ')}; a plan has one procedure: write a plan for each`)];
  const path = ['spec', 'procedure'];
  return PROCEDURE_CHECKS.flatMap(([name, check]) => check(entryOf(procedure, name), [...path, name]));
}

function checkStep(step: unknown, index: number): readonly Problem[] {
  if (typeof step !== 'object' || step === null || Array.isArray(step)) return [];
  const path = ['spec', 'steps', index];
  const found: Problem[] = [];
  const kinds = STEP_KEYS.filter((kind) => Object.hasOwn(step, kind));
  if (kinds.length === 0 && hasOnly(step, ['name'])) found.push(problem(path, 'missing', `does nothing; name what it does, one of ${STEP_KEYS.join(', ')}`));
  if (kinds.length > 1) found.push(problem(path, 'conflict', 'does two things; make it two steps, packages first, so that each can be reverted by itself'));
  const name = entryOf(step, 'name');
  if (typeof name === 'string' && name.startsWith(GUARD_PREFIX)) found.push(problem([...path, 'name'], 'bad-name', `is ${quote(name)}; names that begin with ${GUARD_PREFIX} are Farrier's own: choose another`));
  return [
    ...found,
    ...checkPackages(entryOf(step, 'packages'), [...path, 'packages']),
    ...checkService(entryOf(step, 'service'), [...path, 'service']),
    ...checkFiles(entryOf(step, 'files'), [...path, 'files']),
    ...checkModules(entryOf(step, 'modules'), [...path, 'modules']),
    ...checkImages(entryOf(step, 'images'), [...path, 'images']),
    ...checkK3sRuntimes(entryOf(step, 'k3sRuntimes'), [...path, 'k3sRuntimes']),
    ...checkKubeadm(entryOf(step, 'kubeadm'), [...path, 'kubeadm']),
    ...checkKubeletProof(entryOf(step, 'kubelet'), [...path, 'kubelet']),
    ...checkKubeletProof(entryOf(step, 'kubeletConfig'), [...path, 'kubeletConfig']),
    ...checkContainerd(entryOf(step, 'containerd'), [...path, 'containerd']),
  ];
}

function unprovenPackages(steps: readonly unknown[]): readonly Problem[] {
  const last = steps.findLastIndex((step) => entryOf(step, 'packages') !== undefined && entryOf(entryOf(step, 'packages'), 'remove') === undefined);
  if (last === -1 || steps.slice(last + 1).some(proves)) return [];
  return [warning(['spec', 'steps', last], 'nothing-proves', 'nothing proves that what these packages run still works; add a step `service: { restart: UNIT }` after it')];
}

function proves(step: unknown): boolean {
  const service = entryOf(step, 'service');
  return PROOFS.some((kind) => entryOf(step, kind) !== undefined) || (service !== undefined && entryOf(service, 'disable') === undefined);
}

function drainTimeout(spec: unknown): readonly Problem[] {
  if (entryOf(spec, 'drainTimeout') === undefined || entryOf(spec, 'drain') !== 'never') return [];
  return [warning(['spec', 'drainTimeout'], 'no-effect', 'has no effect with drain: never; take one of the two out')];
}

function silence(spec: unknown): readonly Problem[] {
  const written = entryOf(spec, 'silence') !== undefined;
  const reverts = entryOf(spec, 'onSilence') === 'revert';
  if (reverts && !written) return [problem(['spec', 'silence'], 'missing', 'is missing; onSilence: revert needs how long a begun node may stay unconfirmed, as silence: 10m')];
  if (written && !reverts) return [warning(['spec', 'silence'], 'no-effect', 'has no effect without onSilence: revert; add that, or take silence out')];
  return [];
}
