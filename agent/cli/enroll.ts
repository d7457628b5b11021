import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

import { systemClock } from '../../shared/ports/system-clock.ts';
import { readBootFacts } from '../adapters/host-facts.ts';
import { enroll } from '../identity/enroll.ts';
import { asVerb, complain, readOptions, settingsOf } from './read-options.ts';
import type { Verb } from './verb.ts';

const HELP = `Usage: farrier-agent enroll --coordinator HOST:PORT --token TOKEN --ca-hash sha256:HASH [OPTIONS]

Makes this host a node of a fleet. The three values come from \`farrier token create\`. The host's key never leaves it.

  --coordinator HOST:PORT  where hosts enroll (port 7444 unless configured otherwise)
  --token TOKEN            or --token-file FILE, which keeps it out of the process list
  --ca-hash sha256:HASH    pins the coordinator
  --name NAME              name of the node; the host name unless given
  --force                  replace the identity that this host has
  --json                   print the result as JSON
  --config-dir, --state-dir

Example:
  farrier-agent enroll --coordinator coordinator.example.net:7444 --token-file /root/token --ca-hash sha256:6b2f...`;

export const verb: Verb = (_name, args) =>
  asVerb(async () => {
    const { values } = readOptions(args, OPTIONS, HELP);
    const { stateDir } = await settingsOf(values);
    const token = values['token-file'] === undefined ? values['token'] : readFileSync(String(values['token-file']), 'utf8').trim();
    const missing = [
      ...(values['coordinator'] === undefined ? ['--coordinator'] : []),
      ...(token === undefined ? ['--token or --token-file'] : []),
      ...(values['ca-hash'] === undefined ? ['--ca-hash'] : []),
    ];
    if (missing.length > 0) {
      process.stderr.write(`farrier-agent: missing ${missing.join(', ')}; \`farrier token create\` prints the whole command\n`);
      return 2;
    }
    const enrolled = await enroll(
      {
        enrollAddress: String(values['coordinator']),
        token: String(token),
        caHash: String(values['ca-hash']),
        name: String(values['name'] ?? hostname().toLowerCase()),
        machineId: readBootFacts().machineId,
        stateDir,
        force: values['force'] === true,
        clock: systemClock,
      },
      AbortSignal.timeout(ENROLL_MS),
    );
    if (!enrolled.ok) return complain(enrolled.message);
    const { fleet, node, linkAddress } = enrolled;
    process.stdout.write(values['json'] === true ? `${JSON.stringify({ fleet, node, linkAddress })}\n` : `enrolled as ${node} in fleet ${fleet}; next: systemctl start farrier-agent\n`);
    return 0;
  });

const ENROLL_MS = 60_000;

const OPTIONS = {
  coordinator: { type: 'string' },
  token: { type: 'string' },
  'token-file': { type: 'string' },
  'ca-hash': { type: 'string' },
  name: { type: 'string' },
  force: { type: 'boolean' },
} as const;
