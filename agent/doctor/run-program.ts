const PROGRAM_MS = 10_000;

/** Runs a program for what it says. @throws where it cannot be started. */
export async function runProgram(file: string, args: readonly string[]): Promise<{ readonly exitCode: number; readonly stdout: string }> {
  const { execa } = await import('execa');
  const result = await execa(file, args, { reject: false, timeout: PROGRAM_MS, stdin: 'ignore' });
  if (result.exitCode === undefined) throw new Error(result.shortMessage ?? `${file} could not be run`);
  return { exitCode: result.exitCode, stdout: result.stdout };
}
