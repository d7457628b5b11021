import { removeRun } from './remove-run.ts';
import type { RunRecord } from './run-record.ts';

const guarded = new Set<() => RunRecord>();
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Takes the run off the machine when this process exits or is asked to end. Returns a function that lifts the guard. */
export function guardExit(current: () => RunRecord): () => void {
  if (guarded.size === 0) {
    process.on('exit', removeAll);
    for (const signal of signals) process.on(signal, endBySignal);
  }
  guarded.add(current);
  return () => {
    guarded.delete(current);
    if (guarded.size > 0) return;
    process.off('exit', removeAll);
    for (const signal of signals) process.off(signal, endBySignal);
  };
}

function removeAll(): void {
  for (const current of guarded) removeRun(current());
  guarded.clear();
}

/** A listener takes away the signal's default, so it is sent again once this one is gone: unless others listen too. */
function endBySignal(signal: NodeJS.Signals): void {
  removeAll();
  process.off('exit', removeAll);
  for (const other of signals) process.off(other, endBySignal);
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}
