/** Says what is wrong and what to do about it, and ends the process: nothing was begun. */
export function exitWith(error: unknown): never {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`farrier-coordinator: ${message}\n`);
  if (error instanceof Error && 'remedy' in error && typeof error.remedy === 'string') process.stderr.write(`  remedy: ${error.remedy}\n`);
  process.exit(1);
}
