const ABOUT: Readonly<Record<string, string>> = {
  enroll: 'make this host a node of a fleet',
  run: 'serve the coordinator; what the systemd unit does',
  doctor: 'tell what this host lacks',
  status: 'what this host is doing, and what a person can do about it',
  journal: 'what was done to this host',
  finish: 'break-glass: go on with what was begun',
  revert: 'break-glass: put back what was begun',
  disarm: 'break-glass: stop the watchdog from reverting',
  release: 'break-glass: end an assignment that is not begun, so that its slot comes free',
};

const INTERNAL: readonly string[] = ['work', 'watchdog'];

/** Started by systemd units, not by people. */
export function isInternal(verb: string): boolean {
  return INTERNAL.includes(verb);
}

export function printUsage(to: NodeJS.WritableStream, name: string, verbs: readonly string[]): void {
  if (name !== '' && !name.startsWith('-') && name !== 'help') to.write(`farrier-agent: no verb is called ${name}\n\n`);
  to.write('Usage: farrier-agent VERB [OPTIONS]    (each verb knows --help)\n\n');
  for (const verb of verbs) to.write(`  ${verb.padEnd(9)} ${ABOUT[verb] ?? ''}\n`);
  to.write('\nExample:\n  farrier-agent enroll --coordinator coordinator.example.net:7444 --token TOKEN --ca-hash sha256:...\n');
  to.write('\nExit codes: 0 ok, 1 failed or refused, 2 wrong usage.\n');
}
