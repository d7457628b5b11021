import { describe, expect, test } from 'vitest';

import { mergeConfig } from '../../../../agent/steps/containerd/merge-config.ts';
import { undoneText } from '../../../../agent/steps/containerd/undo-config.ts';
import { parseToml, startsWith, type TomlFile, type TomlPath } from '../../../../agent/toml/toml-file.ts';
import { CONTAINERD_SHAPES, mergeOf } from '../../../support/containerd-shapes.ts';

const merged = CONTAINERD_SHAPES.filter(({ refused }) => refused === null);
const refused = CONTAINERD_SHAPES.flatMap((shape) => (shape.refused === null ? [] : [{ ...shape, code: shape.refused }]));

const read = (text: string | null): TomlFile => {
  const parsed = parseToml((text ?? '').replace(/^\uFEFF/, ''));
  if (!parsed.ok) throw new Error(`line ${parsed.line}: ${parsed.why}`);
  return parsed.file;
};
const commentsOf = ({ text, comments }: TomlFile): readonly string[] => comments.map(({ range }) => text.slice(...range).trimEnd()).toSorted();

test('there are enough of both kinds', () => {
  expect(merged.length).toBeGreaterThanOrEqual(40);
  expect(refused.length).toBeGreaterThanOrEqual(20);
});

describe('merged', () => {
  test.each(merged)('$name', async (shape) => {
    const result = mergeConfig(mergeOf(shape));
    if (!result.ok) throw new Error(`${result.code}: ${result.message}`);
    await expect(result.text).toMatchFileSnapshot(`merged/${shape.name}.toml`);

    // Nothing foreign is lost: no key, no comment.
    const [before, after] = [read(shape.text), read(result.text)];
    const isRaised = before.tree['version'] === undefined && before.entries.length > 0 && after.tree['version'] === 2;
    const isTaken = (path: TomlPath): boolean => path.some((key, index) => path[index - 1] === 'runtimes' && shape.settings.removeRuntimes.includes(String(key)));
    const owned = [['version'], ['disabled_plugins'], ...(isRaised ? [['plugins']] : []), ...result.wanted.map(({ path }) => path)];
    expect(result.changes.filter(({ path }) => !isTaken(path) && !owned.some((one) => startsWith(path, one)))).toEqual([]);
    expect(commentsOf(after)).toEqual(commentsOf(before));

    expect(mergeConfig({ ...mergeOf(shape), text: result.text })).toMatchObject({ ok: true, text: result.text, changes: [] });

    // And undone again below what a person wrote since, but where the names of all plugins have changed.
    const undone = undoneText(shape.text ?? '', result.text ?? '', `${result.text ?? ''}\n# theirs\n[theirs]\nlevel = 1\n`);
    expect(undone === null).toBe(isRaised);
    if (undone === null) return;
    expect(read(undone).tree).toEqual({ ...(after.tree['version'] === undefined ? {} : { version: after.tree['version'] }), ...before.tree, theirs: { level: 1 } });
    expect(commentsOf(read(undone))).toEqual([...commentsOf(before), '# theirs'].toSorted());
  });

  test('a file that is raised to version 2 keeps every setting under its new name', () => {
    const shape = merged.find(({ name }) => name === 'short-names-on-2');
    const result = shape === undefined ? null : mergeConfig({ ...mergeOf(shape), settings: { ...shape.settings, enableCri: false, runtimes: [], systemdCgroup: null, sandboxImage: null, registry: null } });
    if (result?.ok !== true) throw new Error('not merged');
    expect(read(result.text).tree).toEqual({
      ...{ version: 2, oom_score: -999 },
      plugins: {
        'io.containerd.monitor.v1.cgroups': { no_prometheus: false },
        'io.containerd.grpc.v1.cri': { sandbox_image: 'k8s.example/pause:3.1', stream_server_port: '0', cni: { bin_dir: '/opt/cni/bin' }, containerd: { snapshotter: 'overlayfs', runtimes: { runc: { runtime_type: 'io.containerd.runc.v2', options: { SystemdCgroup: true } } } } },
        'io.containerd.runtime.v1.linux': { shim_debug: true },
        'io.containerd.gc.v1.scheduler': { pause_threshold: 0.02 },
      },
    });
  });
});

describe('left to a person', () => {
  test.each(refused)('$name: $code', (shape) => {
    const result = mergeConfig(mergeOf(shape));
    expect(result.ok ? result.text : result.code).toBe(shape.code);
  });
});

test('nothing is undone in a file that a person brought to another version', () => {
  const [was, written] = ['version = 2\n', 'version = 2\n[plugins.a]\nb = 1\n'];
  expect(undoneText(was, written, `${written}# theirs\n`)).toBe(`${was}# theirs\n`);
  expect(undoneText(was, written, written.replace('2', '3'))).toBeNull();
});
