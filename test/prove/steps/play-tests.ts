import { runVitest, type VitestRun } from '../../run/run-vitest.ts';
import type { ProofResult } from '../proof-sections.ts';

/** Tests that are a part of the proof already: they are run, and count as so many proofs. */
export async function playTests(config: string, run: VitestRun): Promise<ProofResult> {
  const { passed, failed, skipped, skippedNames } = await runVitest(config, { ...run, eachTest: true });
  const notChecked = skippedNames.length === 0 ? '' : `, not checked: ${skippedNames.join(', ')}`;
  return { tally: { passed, failed, skipped }, result: `${passed} tests of ${(run.files ?? []).join(', ')}${notChecked}` };
}
