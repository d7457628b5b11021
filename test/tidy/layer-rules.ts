import { importsOf, packageOf } from './imports-of.ts';
import type { Import } from './imports-of.ts';
import { viewSource } from './source-text.ts';

/** Which layer may not reach which other one; dependencies point down. */
interface LayerRule {
  readonly why: string;
  readonly from: RegExp;
  readonly forbids: (found: Import) => boolean;
}

const HEAVY_IN_AGENT = ['nats', '@kubernetes/client-node', 'fastify', 'commander', 'listr2', 'pino'];

const LAYER_RULES: readonly LayerRule[] = [
  { why: 'shared/domain imports nothing outside itself', from: /^shared\/domain\//, forbids: ({ target }) => !target.startsWith('shared/domain/') },
  { why: 'shared never imports a program', from: /^shared\//, forbids: ({ target }) => /^(agent|coordinator|systemd|test)\//.test(target) },
  { why: 'the agent never imports the coordinator', from: /^agent\//, forbids: ({ target }) => /^(coordinator|systemd|test)\//.test(target) },
  { why: 'the coordinator never imports the agent', from: /^coordinator\//, forbids: ({ target }) => /^(agent|systemd|test)\//.test(target) },
  {
    // shared/ports/mutation.ts is one constant, written when a program is built.
    why: 'a core imports only itself and shared/domain, from ports, plan and wire types alone',
    from: /^(agent|coordinator)\/core\//,
    forbids: ({ target, kind }) =>
      !/^((agent|coordinator)\/core\/|shared\/domain\/|shared\/ports\/mutation\.ts$)/.test(target) &&
      !(kind === 'type' && /^(shared|agent|coordinator)\/(ports|plan|wire)\//.test(target)),
  },
  { why: 'ports are words: they import no adapter', from: /^(agent|coordinator|shared)\/ports\//, forbids: ({ target }) => /\/(adapters|runtime|runner|gateway|api|cli|web)\//.test(target) },
  { why: 'only shared/wire imports the generated types', from: /^(?!shared\/wire\/)/, forbids: ({ target }) => target.includes('/generated/') },
  { why: 'the agent stays lean', from: /^agent\//, forbids: ({ target }) => HEAVY_IN_AGENT.includes(packageOf(target) ?? '') },
];

/** Every import of a file that its layer may not have. */
export function layerProblems(path: string, text: string): readonly string[] {
  return importsOf(path, text).flatMap((found) =>
    LAYER_RULES.filter(({ from, forbids }) => from.test(path) && forbids(found)).map(({ why }) => `${path} imports ${found.target}: ${why}`),
  );
}

const IMPURE: readonly (readonly [RegExp, string])[] = [
  [/\b(await|async|Promise)\b/, 'a core never waits: what was observed may be old by the time it is acted on'],
  [/\bDate\.now\b|\bDate\(\s*\)|\bnew Date\b(?!\()/, 'a core has no clock: `now` is an argument'],
];

/** What makes a decision depend on more than its arguments; lint finds the other globals. */
export function purityProblems(path: string, text: string): readonly string[] {
  if (!/^((agent|coordinator)\/core|shared\/domain)\//.test(path)) return [];
  const code = viewSource(text, 'code');
  return IMPURE.flatMap(([pattern, why]) => (pattern.test(code) ? [`${path} uses ${pattern.exec(code)?.[0] ?? ''}: ${why}`] : []));
}

/** Packages, and folders, that the agent loads only when it needs them: each costs memory that it does not have. */
const LAZY_IN_AGENT = ['execa', 'systeminformation', '@peculiar/x509', 'reflect-metadata', 'tar-stream', 'toml-eslint-parser', 'croner', 'yaml', 'agent/snapshots/', 'agent/steps/'];

/** Chains of static imports that make a start of the agent load what it may only load on demand. */
export function eagerImportProblems(entry: string, read: (path: string) => string | null, lazy: readonly string[] = LAZY_IN_AGENT): readonly string[] {
  const problems: string[] = [];
  const seen = new Set<string>();
  const visit = (path: string, chain: readonly string[]): void => {
    if (seen.has(path)) return;
    seen.add(path);
    const text = read(path);
    if (text === null) return;
    for (const { target, kind } of importsOf(path, text)) {
      if (kind !== 'static') continue;
      const name = packageOf(target);
      const isLazy = lazy.some((each) => each === name || (each.endsWith('/') && target.startsWith(each)));
      if (name === null && !isLazy) visit(target, [...chain, path]);
      else if (isLazy) problems.push(`${[...chain, path].join(' -> ')} loads ${name ?? target} at start: use import() where it is needed`);
    }
  };
  visit(entry, []);
  return problems;
}

/** A package whose upstream is about to move stays in one file. */
export function onePlaceProblems(name: string, files: ReadonlyMap<string, string>): readonly string[] {
  const importers = [...files].filter(([path, text]) => importsOf(path, text).some(({ target }) => packageOf(target) === name)).map(([path]) => path);
  return importers.length > 1 ? [`${name} is imported by ${importers.join(', ')}: keep it to one file`] : [];
}
