import { AGENT_PACKAGE, type AgentUpgradeSpec, type PackagesSpec } from '../../../shared/domain/step-spec.ts';
import type { Clock } from '../../../shared/ports/clock.ts';
import type { AgentVersions } from '../../ports/agent-versions.ts';
import type { Units } from '../../ports/units.ts';
import type { UpgradeGuard } from '../../ports/upgrade-guard.ts';
import type { PackagesPrior } from '../packages/packages.ts';
import { type CaptureResult, type CheckResult, type StepContext, type StepExecutor, type StepResult, stepFailure } from '../step.ts';
import { AGENT_UNIT, proveRunning, proveSession } from './prove-agent.ts';

export interface AgentUpgradeParts {
  /** The package goes there and back as every package does. */
  readonly packages: StepExecutor<PackagesSpec, PackagesPrior>;
  readonly versions: AgentVersions;
  readonly guard: UpgradeGuard;
  readonly units: Units;
  readonly clock: Clock;
  /** The version that has had a session since this was forgotten last. */
  readonly provedVersion: () => string | null;
  readonly forgetProved: () => Promise<void>;
  /** Whether the coordinator answers this host. */
  readonly reach: () => Promise<boolean>;
}

export interface AgentUpgradePrior {
  readonly packages: PackagesPrior;
  /** What `current` led to. */
  readonly from: string;
  /** All that lay on the host. */
  readonly present: readonly string[];
}

/**
 * Brings the agent to another version and back. From before dpkg is called until the assignment is over the version that
 * began it does the work, from a copy of its own, whatever becomes of the agent.
 */
export function agentUpgradeStep(parts: AgentUpgradeParts): StepExecutor<AgentUpgradeSpec, AgentUpgradePrior> {
  return {
    kind: 'agent_upgrade',
    stage: (spec, context) => parts.packages.stage(packageOf(spec), context),
    check: (spec, context) => check(parts, spec, context),
    capture: (spec, context) => capture(parts, spec, context),
    apply: (spec, prior, context) => apply(parts, spec, prior, context),
    verify: (spec, prior, context) => verify(parts, spec, prior, context),
    revert: (spec, prior, context) => revert(parts, spec, prior, context),
    canRevert: (spec, prior, context) => parts.packages.canRevert(packageOf(spec), prior.packages, context),
  };
}

function packageOf({ name, timeoutMs, version, sources }: AgentUpgradeSpec): PackagesSpec {
  return { kind: 'packages', name, timeoutMs, install: [{ name: AGENT_PACKAGE, version }], sources, conffiles: 'keep' };
}

async function check({ packages, versions }: AgentUpgradeParts, spec: AgentUpgradeSpec, context: StepContext): Promise<CheckResult> {
  const checked = await packages.check(packageOf(spec), context);
  return checked.ok && checked.state === 'satisfied' && (await versions.current()) !== spec.version ? { ok: true, state: 'needed' } : checked;
}

async function capture({ packages, versions }: AgentUpgradeParts, spec: AgentUpgradeSpec, context: StepContext): Promise<CaptureResult<AgentUpgradePrior>> {
  const captured = await packages.capture(packageOf(spec), context);
  if (!captured.ok) return captured;
  const from = await versions.current();
  const installed = captured.prior.packages.find(({ name }) => name === AGENT_PACKAGE)?.version ?? from;
  if (from === null || installed !== from) {
    return stepFailure('prior-unavailable', `the agent's link leads to ${from ?? 'no complete version'}, the package is ${installed ?? 'not installed'}; install the package ${AGENT_PACKAGE} anew, then start again`, AGENT_PACKAGE);
  }
  return { ok: true, prior: { packages: captured.prior, from, present: await versions.present() } };
}

async function apply(parts: AgentUpgradeParts, spec: AgentUpgradeSpec, prior: AgentUpgradePrior, context: StepContext): Promise<StepResult> {
  const { packages, versions, guard } = parts;
  await guard.arm(context.signal);
  await parts.forgetProved();
  const installed = await packages.apply(packageOf(spec), prior.packages, context);
  if (!installed.ok) return installed;
  if ((await versions.current()) !== spec.version) await versions.flip(spec.version);
  await restartOnto(parts, spec.version, context);
  return installed;
}

async function verify(parts: AgentUpgradeParts, spec: AgentUpgradeSpec, prior: AgentUpgradePrior, context: StepContext): Promise<StepResult> {
  const { packages, versions } = parts;
  const installed = await packages.verify(packageOf(spec), prior.packages, context);
  if (!installed.ok) return installed;
  const current = await versions.current();
  if (current !== spec.version) return stepFailure('verify-failed', `the agent's link leads to ${current ?? 'no complete version'}, not to ${spec.version}`, AGENT_PACKAGE);
  const proved = await proveSession(parts, spec, context);
  if (!proved.ok) return proved;
  for (const old of await versions.present()) if (old !== prior.from) await versions.forget(old);
  return proved;
}

/** First the agent, which needs nothing but its folder, then the package: a host whose packages resist still has its agent. */
async function revert(parts: AgentUpgradeParts, spec: AgentUpgradeSpec, prior: AgentUpgradePrior, context: StepContext): Promise<StepResult> {
  const { packages, versions, guard } = parts;
  await guard.arm(context.signal);
  if ((await versions.present()).includes(prior.from)) {
    await versions.flip(prior.from);
    await restartOnto(parts, prior.from, context);
  }
  const back = await packages.revert(packageOf(spec), prior.packages, context);
  if (!back.ok) return back;
  if ((await versions.current()) !== prior.from) await versions.flip(prior.from);
  // The unit's file is the old one again only now.
  await restartOnto(parts, prior.from, context);
  const proved = await proveRunning(parts, prior.from, context);
  if (proved.ok && !prior.present.includes(spec.version)) await versions.forget(spec.version);
  return proved;
}

/** A package's own script has done so already, if it works. Whether it comes up is for whoever proves it to say. */
async function restartOnto({ units, versions }: AgentUpgradeParts, version: string, { signal, output }: StepContext): Promise<void> {
  const unit = await units.look(AGENT_UNIT, signal);
  if (unit !== null && (await versions.runBy(unit.mainPid)) === version) return;
  const said = await units.restart(AGENT_UNIT, signal);
  if (said !== '') output(`farrier: ${AGENT_UNIT} does not start: ${said}\n`);
}
