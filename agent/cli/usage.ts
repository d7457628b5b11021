export function printUsage(to: NodeJS.WritableStream, name: string, verbs: readonly { readonly verb: string; readonly about: string }[]): void {
  if (name !== '' && !name.startsWith('-') && name !== 'help') to.write(`farrier-agent: no verb is called ${name}\n\n`);
  to.write('Usage: farrier-agent VERB [OPTIONS]    (each verb knows --help)\n\n');
  for (const { verb, about } of verbs) to.write(`  ${verb.padEnd(9)} ${about}\n`);
  to.write('\nExample:\n  farrier-agent enroll --coordinator coordinator.example.net:7444 --token TOKEN --ca-hash sha256:...\n');
  to.write('\nExit codes: 0 ok, 1 failed or refused, 2 wrong usage.\n');
}
