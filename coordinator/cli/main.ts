import { homedir } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';

import { systemClock } from '../../shared/ports/system-clock.ts';
import type { CliIo } from './cli-io.ts';
import { EXIT } from './exit-code.ts';
import { runCli } from './run-cli.ts';

const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (interrupted.signal.aborted) process.exit(EXIT.interrupted);
    interrupted.abort();
  });
}
// `farrier node ls | head` closes the pipe early: that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failed));

const io: CliIo = {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  terminal: process.stdout.isTTY ? { write: (part) => void process.stdout.write(part), columns: () => process.stdout.columns, rows: () => process.stdout.rows } : null,
  env: process.env,
  homeDir: homedir(),
  clock: systemClock,
  signal: interrupted.signal,
  readStdin: async () => await text(process.stdin),
  askLine: process.stdin.isTTY ? askLine : null,
};

async function askLine(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(question, { signal: interrupted.signal });
  } finally {
    lines.close();
  }
}

process.exitCode = await runCli(process.argv.slice(2), io);
