import { CommanderError } from 'commander';

import { CliError } from './cli-error.ts';
import type { CliIo } from './cli-io.ts';
import { CliContext, type GlobalOptions } from './context.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { buildProgram } from './program.ts';

/** Runs one command line. @param argv without node and script. @throws only for bugs. */
export async function runCli(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  const context: CliContext = new CliContext(io, () => program.opts<GlobalOptions>());
  const program = buildProgram(context);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return context.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (!(error instanceof CliError)) throw error;
    // A call that Ctrl-C cut off failed for no other reason.
    const cutOff = io.signal.aborted && error.code !== 'interrupted';
    if (!cutOff) printError(error, context.json, io);
    return cutOff ? EXIT.interrupted : error.exitCode;
  }
}

function printError({ code, message, remedy }: CliError, json: boolean, io: CliIo): void {
  if (json) {
    io.err(JSON.stringify({ error: { code, message, remedy } }));
    return;
  }
  io.err(`farrier: ${message}`);
  if (remedy !== '') io.err(`  remedy: ${remedy}`);
}
