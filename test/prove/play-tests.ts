import type { Seen } from '../run/tally-tests.ts';
import { runVitest, type VitestRun } from '../run/run-vitest.ts';
import type { ProofResult } from './proof-sections.ts';
import { say } from './say.ts';

/** A table of what tests saw, and what they should have seen and did not. */
export interface SeenTable {
  readonly lines: readonly string[];
  readonly problems: readonly string[];
}

/** Tests that are a part of the proof already: they are run, and count as so many proofs. @param tabulate each problem that it finds counts as one that failed */
export async function playTests(config: string, run: VitestRun, tabulate: (seen: readonly Seen[]) => SeenTable = () => ({ lines: [], problems: [] })): Promise<ProofResult> {
  const { passed, failed, skipped, skippedNames, seen } = await runVitest(config, { ...run, eachTest: true });
  const { lines, problems } = tabulate(seen);
  for (const line of [...lines, ...problems]) say(line);
  const notChecked = skippedNames.length === 0 ? '' : `, not checked: ${skippedNames.join(', ')}`;
  return { tally: { passed, failed: failed + problems.length, skipped }, result: `${passed} tests of ${(run.files ?? []).join(', ')}${notChecked}` };
}
