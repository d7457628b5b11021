import { AGENT_HOME, agentVersionsOnDisk } from '../adapters/agent-versions-on-disk.ts';
import { runProgram } from '../adapters/run-program.ts';
import { systemdUnits } from '../adapters/systemd/systemd-units.ts';
import { type Finding, runChecks } from '../doctor/check.ts';
import { hostChecks } from '../doctor/host-checks.ts';
import { identityCheck } from '../doctor/identity-check.ts';
import { snapshotChecks } from '../doctor/snapshot-checks.ts';
import { versionCheck } from '../doctor/version-check.ts';
import { loadIdentity } from '../identity/load-identity.ts';
import type { AgentVersions } from '../ports/agent-versions.ts';
import { describeVersion } from '../runner/describe-version.ts';
import { AGENT_UNIT } from '../steps/agent-upgrade/prove-agent.ts';
import { nodeName } from './node-name.ts';
import { asVerb, readOptions, settingsOf } from './read-options.ts';
import type { Verb } from './verb.ts';

const HELP = `Usage: farrier-agent doctor [--json] [--config-dir DIR] [--state-dir DIR]

Looks at everything that this host needs to be upgraded and changes nothing. Exit code 1 when something is missing.

Example:
  farrier-agent doctor`;

const SIGN: Readonly<Record<Finding['status'], string>> = { ok: 'ok      ', warning: 'warning ', failed: 'FAILED  ' };

export const verb: Verb = (_name, args) =>
  asVerb(async () => {
    const { values } = readOptions(args, {}, HELP);
    const settings = await settingsOf(values);
    const loaded = await loadIdentity(settings.stateDir);
    const coordinator = settings.coordinator ?? (loaded.ok ? loaded.identity.linkAddress : null);
    const versions = agentVersionsOnDisk(AGENT_HOME, '');
    const agent = versionCheck(await describeVersion(versions, settings.stateDir), await runningVersion(versions));
    const findings = await runChecks([identityCheck(loaded), agent, ...hostChecks(settings, coordinator), ...snapshotChecks(settings.snapshots, await nodeName(settings.stateDir))]);
    if (values['json'] === true) {
      process.stdout.write(`${JSON.stringify(findings.map(({ name, finding }) => ({ name, ...finding })))}\n`);
    } else {
      for (const { name, finding } of findings) {
        process.stdout.write(`${SIGN[finding.status]}${name.padEnd(16)} ${finding.detail}\n`);
        if (finding.status !== 'ok') process.stdout.write(`${' '.repeat(25)}-> ${finding.remedy}\n`);
      }
    }
    return findings.some(({ finding }) => finding.status === 'failed') ? 1 : 0;
  });

const LOOK_MS = 10_000;

/** null also where systemd cannot be asked: another check says so. */
async function runningVersion(versions: AgentVersions): Promise<string | null> {
  const unit = await systemdUnits(runProgram).look(AGENT_UNIT, AbortSignal.timeout(LOOK_MS)).catch(() => null);
  return unit === null ? null : versions.runBy(unit.mainPid);
}
