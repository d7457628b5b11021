import { CONNECT_WITHIN_MIN_MS, PACKAGE_VERSION_PATTERN, SOURCE_NAME_PATTERN, SOURCES_MAX, STEP_TIMEOUT_MAX_MS } from '../../domain/step-limits.ts';
import type { AgentUpgradeSpec } from '../../domain/step-spec.ts';
import type { StepCodec } from './step-codec.ts';

export const agentUpgradeCodec: StepCodec<AgentUpgradeSpec> = {
  toWire: ({ version, sources, connectWithinMs }) => ({ agentUpgrade: { version, sources: [...sources], connectWithinMs } }),

  fromWire(base, { agentUpgrade: step }, at, check) {
    if (!step) return null;
    check.text(step.version, `${at}.version`, PACKAGE_VERSION_PATTERN);
    check.count(step.sources.length, `${at}.sources`, { min: 1, max: SOURCES_MAX });
    for (const [index, source] of step.sources.entries()) check.text(source, `${at}.sources[${index}]`, SOURCE_NAME_PATTERN);
    check.count(step.connectWithinMs, `${at}.connectWithinMs`, { min: CONNECT_WITHIN_MIN_MS, max: STEP_TIMEOUT_MAX_MS });
    return { kind: 'agent_upgrade', ...base, version: step.version, sources: step.sources, connectWithinMs: step.connectWithinMs };
  },
};
