import fc from 'fast-check';
import { expect, test } from 'vitest';

import { mergeConfig } from '../../../agent/steps/containerd/merge-config.ts';
import { parseToml, startsWith, type TomlFile } from '../../../agent/toml/toml-file.ts';
import { arbitraryConfig, arbitrarySettings } from '../../support/arbitrary-containerd-config.ts';
import { CONTAINERD_16, CONTAINERD_17, CONTAINERD_21 } from '../../support/containerd-settings.ts';

const RUNS = 600;

/** Comments as they are written, sorted: none may go, wherever it went. */
const commentsOf = ({ text, comments }: TomlFile): readonly string[] => comments.map(({ range }) => text.slice(...range)).toSorted();

test('a merge changes what the plan owns and nothing else, and once more it changes nothing', () => {
  let merged = 0;
  let changed = 0;
  fc.assert(
    fc.property(arbitraryConfig, arbitrarySettings, fc.constantFrom(CONTAINERD_16, CONTAINERD_17, CONTAINERD_21), ({ text }, settings, release) => {
      const before = parseToml(text);
      if (!before.ok) throw new Error(`no TOML near line ${before.line}: ${before.why}\n${text}`);
      const result = mergeConfig({ text, dropIns: [], settings, releases: [release] });
      if (!result.ok) return;
      merged += 1;
      const after = parseToml(result.text ?? '');
      if (!after.ok) throw new Error(`no TOML near line ${after.line}: ${after.why}\n${result.text}`);
      if (result.changes.length > 0) changed += 1;

      const raised = before.file.tree['version'] === undefined && after.file.tree['version'] === 2;
      const owned = [['version'], ['disabled_plugins'], ...result.wanted.map(({ path }) => path)];
      const removed = (path: readonly string[]): boolean => settings.removeRuntimes.includes(path.at(path.indexOf('runtimes') + 1) ?? '');
      const foreign = result.changes.filter(({ path }) => !removed(path) && !owned.some((one) => startsWith(path, one)));
      // Version 1 to 2 gives plugins other names: what is below them is compared by the test of shapes.
      if (!raised) expect(foreign).toEqual([]);
      expect(result.wanted.filter(({ path, value }) => JSON.stringify(path.reduce<unknown>((tree, key) => (tree as Record<string, unknown> | undefined)?.[key], after.file.tree)) !== JSON.stringify(value))).toEqual([]);
      if (settings.removeRuntimes.length === 0) expect(commentsOf(after.file)).toEqual(commentsOf(before.file));
      expect(result.text?.includes('\r\n')).toBe(text.includes('\r\n'));

      expect(mergeConfig({ text: result.text, dropIns: [], settings, releases: [release] })).toMatchObject({ text: result.text, changes: [] });
    }),
    { numRuns: RUNS },
  );
  expect(merged).toBeGreaterThan(RUNS / 3);
  expect(changed).toBeGreaterThan(RUNS / 4);
});
