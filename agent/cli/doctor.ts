import { type Finding, runChecks } from '../doctor/check.ts';
import { hostChecks } from '../doctor/host-checks.ts';
import { identityCheck } from '../doctor/identity-check.ts';
import { loadIdentity } from '../identity/load-identity.ts';
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
    const findings = await runChecks([identityCheck(loaded), ...hostChecks(settings, coordinator)]);
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
