import { matchesGlob, posix } from 'node:path';

export const FILE_LINES_MAX = 300;
const VAGUE_NAMES = ['utils', 'util', 'helpers', 'helper', 'common', 'misc', 'lib', 'index', 'manager', 'stuff'];

/** A file past this length holds two ideas. */
export function lengthProblems(path: string, text: string): readonly string[] {
  const lines = text.replace(/\n$/, '').split('\n').length;
  return path.endsWith('.ts') && lines > FILE_LINES_MAX ? [`${path} has ${lines} lines: past ${FILE_LINES_MAX} it holds two ideas`] : [];
}

/** A reader finds the room by its name. */
export function nameProblems(path: string): readonly string[] {
  if (!path.endsWith('.ts')) return [];
  const parts = path.split('/');
  const stems = parts.map((part) => part.replace(/\.(test|fleet\.test|config|d)?\.?ts$/, '').replace(/\.(test|config)$/, '').replace(/\.fleet$/, ''));
  return [
    ...stems.filter((stem) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(stem)).map((stem) => `${path}: "${stem}" is not kebab-case`),
    ...stems.filter((stem) => VAGUE_NAMES.includes(stem)).map((stem) => `${path}: "${stem}" says nothing about what may go into it`),
    ...(path.endsWith('.test.ts') && parts[0] !== 'test' ? [`${path}: tests live in test/`] : []),
  ];
}

/** A test that no configuration includes never runs and never fails. */
export function orphanTestProblems(paths: readonly string[], includes: readonly string[]): readonly string[] {
  return paths.filter((path) => path.endsWith('.test.ts') && !includes.some((glob) => matchesGlob(path, glob))).map((path) => `${path} is run by no vitest configuration`);
}

const TOP_LEVEL = ['.ci', '.gitignore', 'LICENSE', 'README.md', 'agent', 'coordinator', 'package-lock.json', 'package.json', 'proto', 'shared', 'systemd', 'test', 'tsconfig.json'];

/** What stands at the top is the first thing that a stranger reads. */
export function topLevelProblems(paths: readonly string[]): readonly string[] {
  const found = new Set(paths.map((path) => path.split(posix.sep)[0] ?? ''));
  return [
    ...[...found].filter((name) => !TOP_LEVEL.includes(name)).map((name) => `${name} is no entry of the top level`),
    ...TOP_LEVEL.filter((name) => !found.has(name)).map((name) => `${name} is missing from the top level`),
  ];
}
