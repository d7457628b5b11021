// Trips the rules of preflight on the machine that it is started on, one after the other, by what a work unit stages with:
// started by preflight.fleet.test.ts in a host. Prints one JSON line a case.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

import { runProgram } from '../../agent/adapters/run-program.ts';
import { HostFactsReader } from '../../agent/facts/read-host-facts.ts';
import { preflighted } from '../../agent/steps/preflighted.ts';
import { STEP_OK, type StepExecutor } from '../../agent/steps/step.ts';
import type { StepSpec } from '../../shared/domain/step-spec.ts';
import { systemClock } from '../../shared/ports/system-clock.ts';
import { stepContext } from '../support/step-context.ts';
import { type Files, OF_KUBEADM, PREFLIGHT_CASES } from './preflight-cases.ts';

const reader = new HostFactsReader(runProgram);

function put(files: Files): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
  }
}

async function stageLast(steps: readonly StepSpec[]): Promise<unknown> {
  const earlier = steps.slice(0, -1).map((spec) => ({ spec, folder: '/nowhere' }));
  const last = steps.at(-1);
  if (last === undefined) throw new Error('no step');
  // Takes every host: what refuses is preflight alone.
  const willing = { kind: last.kind, stage: async () => STEP_OK } as unknown as StepExecutor<StepSpec>;
  const executor = preflighted(willing, { readFacts: (signal) => reader.read(signal), clock: systemClock });
  return await executor.stage(last, stepContext({ earlier, signal: AbortSignal.timeout(30_000) }));
}

for (const [title, files, steps] of PREFLIGHT_CASES) {
  const all = { ...(steps.at(-1)?.kind === 'k3s' ? {} : OF_KUBEADM), ...files };
  put(all);
  const result = await stageLast(steps);
  for (const path of Object.keys(all)) rmSync(path);
  rmSync('/var/lib/rancher', { recursive: true, force: true });
  process.stdout.write(`${JSON.stringify({ title, result })}\n`);
}
