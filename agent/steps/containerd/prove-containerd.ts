import { formatRelease, parseRelease } from '../../../shared/domain/release.ts';
import { CONTAINERD_UNIT, type ContainerdSettings, type ContainerdSpec } from '../../../shared/domain/steps/containerd-spec.ts';
import type { Clock } from '../../../shared/ports/clock.ts';
import type { Cri, CriLook } from '../../ports/cri.ts';
import type { Units } from '../../ports/units.ts';
import { proveUnit } from '../prove-unit.ts';
import { STEP_OK, type StepContext, type StepResult, stepFailure } from '../step.ts';

export interface ContainerdProofParts {
  readonly units: Units;
  readonly clock: Clock;
  /** @param endpoint `unix:///…` */
  readonly criAt: (endpoint: string) => Pick<Cri, 'look' | 'handlersInUse'>;
}

const ASK_INTERVAL_MS = 500;
/** Of the step's time: what is left to say why, before time itself is up. */
const LAST_WORDS_MS = 5000;

/** The unit stays up with one main process, and its CRI says that it is what the plan wants; null: whatever it is. */
export async function proveContainerd(parts: ContainerdProofParts, endpoint: string | null, wanted: { readonly version: string; readonly settings: ContainerdSettings } | null, spec: ContainerdSpec, context: StepContext): Promise<StepResult> {
  const { units, clock } = parts;
  const deadlineMs = clock.monotonicMs() + spec.timeoutMs - LAST_WORDS_MS;
  const stays = await proveUnit(units, clock, { unit: CONTAINERD_UNIT, looks: spec.looks, lookIntervalMs: spec.lookIntervalMs }, context);
  if (!stays.ok) return stays;
  if (endpoint === null) {
    context.output('CRI is not asked: it is turned off, or did not answer before\n');
    return STEP_OK;
  }
  for (;;) {
    const look = await parts.criAt(endpoint).look(context.signal);
    const lacking = !look.reached ? `CRI does not answer: ${look.why}` : !look.ready ? `CRI is not ready: ${look.why}` : wanted === null ? '' : lackOf(look, wanted.version, wanted.settings);
    if (lacking === '') return STEP_OK;
    if (clock.monotonicMs() >= deadlineMs) {
      context.output(await units.lastLines(CONTAINERD_UNIT, context.signal));
      return stepFailure('verify-failed', `${CONTAINERD_UNIT} stays up, but ${lacking}`, CONTAINERD_UNIT);
    }
    await clock.sleep(ASK_INTERVAL_MS, context.signal);
  }
}

function lackOf(look: CriLook, version: string, { runtimes, removeRuntimes, defaultRuntime, systemdCgroup }: ContainerdSettings): string {
  const release = parseRelease(look.version);
  if (release === null || formatRelease(release) !== version) return `${look.runtime} ${look.version} answers for CRI, not ${version}`;
  const missing = runtimes.find(({ name }) => !look.handlers.includes(name));
  if (missing !== undefined) return `CRI has no runtime ${missing.name}, only ${look.handlers.join(', ')}`;
  // containerd 2 has runc whatever its configuration says.
  const left = removeRuntimes.find((name) => name !== 'runc' && look.handlers.includes(name));
  if (left !== undefined) return `CRI still has the runtime ${left}`;
  if (defaultRuntime !== null && look.defaultHandler !== '' && look.defaultHandler !== defaultRuntime) return `its default runtime is ${look.defaultHandler}`;
  const driver = systemdCgroup === null ? null : systemdCgroup ? 'systemd' : 'cgroupfs';
  return driver !== null && look.cgroupDriver !== null && look.cgroupDriver !== driver ? `its cgroup driver is ${look.cgroupDriver}` : '';
}
