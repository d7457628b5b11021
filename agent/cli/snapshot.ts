import type { Verb } from './verb.ts';

interface Entry {
  readonly about: string;
  readonly load: () => Promise<{ readonly verb: Verb }>;
}

const VERBS: Readonly<Record<string, Entry>> = {
  take: { about: 'take one of the datastore on this host, now', load: () => import('./snapshot/take.ts') },
  ls: { about: 'what lies here, what became of the last ones, when the next is due', load: () => import('./snapshot/ls.ts') },
  check: { about: 'read them again: are they still what was written', load: () => import('./snapshot/check.ts') },
  prove: { about: 'restore one in a scratch place and compare', load: () => import('./snapshot/prove.ts') },
  prune: { about: 'delete what the settings do not keep', load: () => import('./snapshot/prune.ts') },
};

/** Snapshots of the Kubernetes datastore on this host: etcd, or the SQLite of K3s. */
export const verb: Verb = async (name, [word = '', ...args]) => {
  const entry = VERBS[word];
  if (entry !== undefined) return await (await entry.load()).verb(`${name} ${word}`, args);
  const asked = word === '--help' || word === '-h' || word === 'help';
  const to = asked ? process.stdout : process.stderr;
  if (!asked && word !== '') to.write(`farrier-agent: snapshot knows no ${word}\n\n`);
  to.write('Usage: farrier-agent snapshot VERB [OPTIONS]    (each knows --help)\n\n');
  for (const [each, { about }] of Object.entries(VERBS)) to.write(`  ${each.padEnd(6)} ${about}\n`);
  to.write('\nExample:\n  farrier-agent snapshot take --prove\n');
  return asked ? 0 : 2;
};
