import { printUsage } from './cli/usage.ts';
import type { Verb } from './cli/verb.ts';
import { VERSION } from '../shared/ports/version.ts';

interface Entry {
  /** For the usage; null where a systemd unit starts it and no person does. */
  readonly about: string | null;
  /** Each verb loads only what it needs: the agent that runs for years must not carry what `enroll` or `doctor` use once. */
  readonly load: () => Promise<{ readonly verb: Verb }>;
}

const breakGlass = (): Promise<{ readonly verb: Verb }> => import('./cli/break-glass.ts');

const VERBS: Readonly<Record<string, Entry>> = {
  enroll: { about: 'make this host a node of a fleet', load: () => import('./cli/enroll.ts') },
  run: { about: 'serve the coordinator; what the systemd unit does', load: () => import('./cli/run.ts') },
  doctor: { about: 'tell what this host lacks', load: () => import('./cli/doctor.ts') },
  status: { about: 'what this host is doing, and what a person can do about it', load: () => import('./cli/status.ts') },
  journal: { about: 'what was done to this host', load: () => import('./cli/journal.ts') },
  snapshot: { about: 'snapshots of the datastore on this host: take, ls, check, prove, prune', load: () => import('./cli/snapshot.ts') },
  finish: { about: 'break-glass: go on with what was begun', load: breakGlass },
  revert: { about: 'break-glass: put back what was begun', load: breakGlass },
  disarm: { about: 'break-glass: stop the watchdog from reverting', load: breakGlass },
  release: { about: 'break-glass: end an assignment that is not begun, so that its slot comes free', load: breakGlass },
  work: { about: null, load: () => import('./cli/work.ts') },
  'snapshot-work': { about: null, load: () => import('./cli/snapshot-work.ts') },
  rescue: { about: null, load: () => import('./cli/rescue.ts') },
  watchdog: { about: null, load: () => import('./cli/watchdog.ts') },
};

const [name = '', ...args] = process.argv.slice(2);
const entry = VERBS[name];

if (name === '--version') {
  process.stdout.write(`${VERSION}\n`);
} else if (entry === undefined) {
  const asked = name === '--help' || name === '-h' || name === 'help';
  const verbs = Object.entries(VERBS).flatMap(([verb, { about }]) => (about === null ? [] : [{ verb, about }]));
  printUsage(asked ? process.stdout : process.stderr, name, verbs);
  process.exitCode = asked ? 0 : 2;
} else {
  const { verb } = await entry.load();
  process.exitCode = await verb(name, args);
}
