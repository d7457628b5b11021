import type { SnapshotOutcome } from '../../snapshots/work/outcomes.ts';
import { complain, type Values } from '../read-options.ts';

/** Prints how work ended, as people or as programs read it. @returns the exit code */
export function tellOutcome(outcome: SnapshotOutcome, values: Values): number {
  const { code, message, each } = outcome;
  if (values['json'] === true) process.stdout.write(`${JSON.stringify(outcome)}\n`);
  else for (const line of each) process.stdout.write(`${line.code === 'ok' ? 'ok      ' : `${line.code} `.padEnd(8)}${line.message}\n`);
  if (code !== 'ok') return values['json'] === true ? 1 : complain(message);
  if (values['json'] !== true) process.stdout.write(`${message}\n`);
  return 0;
}
