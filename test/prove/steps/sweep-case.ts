import type { StepSpec } from '../../../shared/domain/step-spec.ts';
import { GUARD_PREFIX } from '../../../shared/plan/cross-check-plan.ts';
import type { K3sBuild } from '../../fleet/k3s-host.ts';
import { debVersion } from '../../fleet/stand-ins/kubernetes-debs.ts';
import type { ToldPlace } from '../../fleet/told-agent.ts';
import { REAL_FAILURES, type RealFailure } from './real-failures.ts';
import { certificateSteps, configurationSteps, K3S_MINOR, K3S_PATCH, k3sSteps, KUBEADM_NEW, KUBEADM_OLD, kubeadmSteps, NO_BUILD } from './sequences.ts';

/** Where a kind of node stands: which cluster it is taken from. */
export type Place = 'first' | 'further' | 'worker' | 'k3s-server' | 'k3s-agent';

/** One sequence on one kind of node. */
export interface Track {
  readonly name: string;
  readonly place: Place;
  /** @param build of what a K3s host gets; other hosts do not ask. */
  readonly steps: (build: K3sBuild) => readonly StepSpec[];
  /** The version of K3s that it goes to; '' elsewhere. */
  readonly k3s: string;
  /** From this step on nothing goes back. */
  readonly noReturnFrom: string | null;
  /** Lines of the state of a node that it was played on with nothing going wrong: no other is compared with a mistake. */
  readonly shows: readonly string[];
}

export interface Fault {
  readonly title: string;
  /** What the work unit is told to do wrong in the step. */
  readonly told: readonly ToldPlace[];
  readonly isCut: boolean;
  readonly real: RealFailure | null;
}

export interface SweepCase {
  /** What `--only` picks by: `worker/kubelet/failure`. */
  readonly name: string;
  readonly track: Track;
  /** Of the whole sequence. */
  readonly stepNames: readonly string[];
  /** Of a step; WHOLE where nothing goes wrong in any. */
  readonly step: string;
  readonly fault: Fault;
}

const WHOLE = 'whole';

/** Nothing goes wrong. */
export const NOTHING: Fault = { title: 'nothing', told: [], isCut: false, real: null };
/** The step does its work, and its verify says that it failed. */
const FAILURE: Fault = { title: 'failure', told: ['verify'], isCut: false, real: null };
/** Right before `applied` is written: the work is done and synced, and the journal knows nothing of it. */
const CUT: Fault = { title: 'cut', told: ['applied'], isCut: true, real: null };
/** Once the step did its work: whatever it did not sync itself is lost. */
const CUT_UNSYNCED: Fault = { title: 'cut unsynced', told: ['apply'], isCut: true, real: null };
/** A deliberate mutation: whoever looks at the host has to see that it is not back. */
export const REVERT_LOST: Fault = { title: 'revert lost', told: ['verify', 'revert'], isCut: false, real: null };
/** Of every step. */
export const FAULTS = [FAILURE, CUT, CUT_UNSYNCED];

const kubeadm = (role: 'first-control-plane' | 'control-plane' | 'worker', place: Place): Track => ({
  ...{ name: role, place, k3s: '', noReturnFrom: role === 'worker' ? null : 'kubeadm' },
  steps: () => kubeadmSteps(role),
  shows: [`v${KUBEADM_NEW} Ready`, ...['kubeadm', 'kubectl', 'kubelet'].map((name) => `${name} ${debVersion(KUBEADM_NEW)} hi `), ...(role === 'worker' ? [] : [`kube-apiserver:v${KUBEADM_NEW}`])],
});

const k3s = (role: 'server' | 'agent', to: string, over: Partial<Track> = {}): Track => ({
  ...{ name: `k3s-${role} ${to === K3S_PATCH ? 'patch' : 'minor'}`, place: `k3s-${role}`, k3s: to, noReturnFrom: null, shows: [`${to} Ready`] },
  steps: (build) => k3sSteps(role, to, build),
  ...over,
});

const TRACKS: readonly Track[] = [
  kubeadm('first-control-plane', 'first'),
  { name: 'first-control-plane certificates', place: 'first', k3s: '', noReturnFrom: null, steps: certificateSteps, shows: [`v${KUBEADM_OLD} Ready`] },
  kubeadm('control-plane', 'further'),
  kubeadm('worker', 'worker'),
  { name: 'worker configuration', place: 'worker', k3s: '', noReturnFrom: null, steps: configurationSteps, shows: [`v${KUBEADM_OLD} Ready`, '33'] },
  k3s('server', K3S_PATCH),
  k3s('server', K3S_MINOR, { noReturnFrom: 'k3s-server' }),
  k3s('agent', K3S_MINOR),
];

/** No later step notices it: the host ends as reverted. */
const MUTATED_STEP = 'worker/packages-kubeadm';

/** Every track as a whole, and every step of it with every fault. */
export function allCases(): readonly SweepCase[] {
  return TRACKS.flatMap((track) => {
    const whole = wholeOf(track);
    return [whole, ...whole.stepNames.flatMap((step) => faultsAt(track, step).map((fault) => ({ ...whole, name: nameOf(track, step, fault), step, fault })))];
  });
}

export function wholeOf(track: Track): SweepCase {
  return { name: nameOf(track, WHOLE, NOTHING), track, stepNames: track.steps(NO_BUILD).map(({ name }) => name), step: WHOLE, fault: NOTHING };
}

function nameOf(track: Track, step: string, fault: Fault): string {
  return `${track.name}/${step}/${fault.title}`;
}

/** A guard changes nothing, so that there is nothing to sync. */
function faultsAt(track: Track, step: string): readonly Fault[] {
  const real = REAL_FAILURES.filter((each) => each.step === step && each.tracks.includes(track.name));
  const mutated = `${track.name}/${step}` === MUTATED_STEP ? [REVERT_LOST] : [];
  const swept = step.startsWith(GUARD_PREFIX) ? [FAILURE, CUT] : FAULTS;
  return [...swept, ...real.map((each) => ({ title: each.title, told: [], isCut: false, real: each })), ...mutated];
}
