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
    const tokenFile = values['token-file'];
    const token = tokenFile === undefined ? values['token'] : tokenIn(String(tokenFile));
    if (token === null) return 1;
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
    const { fleet, node, linkAddress, awaitsApproval } = enrolled;
    if (values['json'] === true) process.stdout.write(`${JSON.stringify({ fleet, node, linkAddress, awaitsApproval })}\n`);
    else process.stdout.write(`enrolled as ${node} in fleet ${fleet}${awaitsApproval ? `, where another host has that name: this one gets no session before an operator says farrier node approve ${node}` : ''}; next: systemctl start farrier-agent\n`);
    return 0;
  });

/** null after saying why the file cannot be read. */
function tokenIn(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    complain(`--token-file ${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}; write what \`farrier token create\` prints into it`);
    return null;
  }
}

const ENROLL_MS = 60_000;

const OPTIONS = {
  coordinator: { type: 'string' },
  token: { type: 'string' },
  'token-file': { type: 'string' },
  'ca-hash': { type: 'string' },
  name: { type: 'string' },
  force: { type: 'boolean' },
} as const;
