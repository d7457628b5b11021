/** The demo speaks on standard output; whoever pipes it gets plain text. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function title(text: string): void {
  say(`\n${bold(`== ${text}`)}\n`);
}

function bold(text: string): string {
  return process.stdout.isTTY ? `\u001b[1m${text}\u001b[0m` : text;
}
