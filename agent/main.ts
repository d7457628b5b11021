// Each verb loads only what it needs: the agent that runs for years must not carry what `enroll` or `doctor` use once.
const VERBS: Readonly<Record<string, () => Promise<{ readonly verb: Verb }>>> = {
  enroll: () => import('./cli/enroll.ts'),
  run: () => import('./cli/run.ts'),
  doctor: () => import('./cli/doctor.ts'),
  status: () => import('./cli/status.ts'),
  journal: () => import('./cli/journal.ts'),
  finish: () => import('./cli/break-glass.ts'),
  revert: () => import('./cli/break-glass.ts'),
  disarm: () => import('./cli/break-glass.ts'),
  release: () => import('./cli/break-glass.ts'),
  work: () => import('./cli/work.ts'),
  watchdog: () => import('./cli/watchdog.ts'),
};

import { isInternal, printUsage } from './cli/usage.ts';
import type { Verb } from './cli/verb.ts';

declare const FARRIER_VERSION: string | undefined;

const [name = '', ...args] = process.argv.slice(2);
const load = VERBS[name];

if (name === '--version') {
  process.stdout.write(`${typeof FARRIER_VERSION === 'undefined' ? 'development' : FARRIER_VERSION}\n`);
} else if (load === undefined) {
  const asked = name === '--help' || name === '-h' || name === 'help';
  printUsage(asked ? process.stdout : process.stderr, name, Object.keys(VERBS).filter((verb) => !isInternal(verb)));
  process.exitCode = asked ? 0 : 2;
} else {
  const { verb } = await load();
  process.exitCode = await verb(name, args);
}
