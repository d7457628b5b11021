import { runVitest, type VitestRun } from '../../run/run-vitest.ts';
import type { ProofResult } from '../proof-sections.ts';

/** Tests that are a part of the proof already: they are run, and count as so many proofs. */
export async function playTests(config: string, run: VitestRun): Promise<ProofResult> {
  const { skippedNames, ...tally } = await runVitest(config, run);
  const skipped = skippedNames.length === 0 ? '' : `, not checked: ${skippedNames.join(', ')}`;
  return { tally, result: `${tally.passed} tests of ${(run.files ?? []).join(', ')}${skipped}` };
}
