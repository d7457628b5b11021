import fc from 'fast-check';

import type { ContainerdSettings } from '../../shared/domain/steps/containerd-spec.ts';
import { containerdRuntime, containerdSettings } from './containerd-settings.ts';

type Version = 1 | 2 | 3;
type Quote = '"' | "'";

interface Style {
  readonly version: Version;
  readonly quote: Quote;
  readonly indent: string;
  readonly eol: string;
  readonly lastEol: boolean;
  readonly cri: 'headers' | 'dotted' | 'inline';
}

/** A table of the file: its name, and lines of keys. */
type Table = readonly [name: readonly string[], keys: readonly (readonly [key: string, value: string])[]];

const PLUGINS: Readonly<Record<Version, { readonly runtime: string; readonly images: string; readonly foreign: string }>> = {
  1: { runtime: 'cri', images: 'cri', foreign: 'opt' },
  2: { runtime: 'io.containerd.grpc.v1.cri', images: 'io.containerd.grpc.v1.cri', foreign: 'io.containerd.internal.v1.opt' },
  3: { runtime: 'io.containerd.cri.v1.runtime', images: 'io.containerd.cri.v1.images', foreign: 'io.containerd.internal.v1.opt' },
};

const comment = fc.constantFrom('', '', '', ' # ours', ' #  by ansible: do not touch', '\t# "quoted" [table] a = 1');
const filler = fc.array(fc.constantFrom('', '# a comment', '    # an indented one', '# [plugins."none"]', '#x = 1'), { maxLength: 3 });

/** What people, packages and tools leave behind in /etc/containerd, of every version and way of writing; valid TOML. */
export const arbitraryConfig: fc.Arbitrary<{ readonly text: string; readonly version: Version }> = fc
  .record<Style>({
    version: fc.constantFrom<Version>(1, 2, 2, 2, 3),
    quote: fc.constantFrom<Quote>('"', "'"),
    indent: fc.constantFrom('', '  '),
    eol: fc.constantFrom('\n', '\n', '\r\n'),
    lastEol: fc.boolean(),
    cri: fc.constantFrom('headers', 'headers', 'headers', 'dotted', 'inline'),
  })
  .chain((style) => fc.record({ style: fc.constant(style), top: topLines(style), tables: fc.shuffledSubarray(tablesOf(style)), fillers: fc.array(filler, { minLength: 12, maxLength: 12 }), comments: fc.array(comment, { minLength: 40, maxLength: 40 }) }))
  .map(({ style, top, tables, fillers, comments }) => {
    let next = 0;
    const said = (line: string): string => `${line}${comments[next++ % comments.length] ?? ''}`;
    const lines = [
      ...(fillers[0] ?? []),
      ...top.map(said),
      ...(style.cri === 'headers' ? [] : criLines(style, tables).map(said)),
      ...tables.filter(([name]) => style.cri === 'headers' || name[1] !== PLUGINS[style.version].runtime).flatMap(([name, keys], index) => {
        const depth = style.indent.repeat(name.length - 1);
        return [...(fillers[1 + (index % 11)] ?? []), said(`${depth}[${name.map((key) => written(key, style.quote)).join('.')}]`), ...keys.map(([key, value]) => said(`${depth}${style.indent}${key} = ${value}`))];
      }),
    ];
    return { text: lines.join(style.eol) + (style.lastEol ? style.eol : ''), version: style.version };
  });

function topLines({ version, quote }: Style): fc.Arbitrary<readonly string[]> {
  const off = version === 1 ? ['cri', 'aufs'] : ['io.containerd.grpc.v1.cri', 'io.containerd.snapshotter.v1.btrfs'];
  const optional = [`disabled_plugins = [${off.map((name) => quote + name + quote).join(', ')}]`, 'oom_score = -999', `root = ${quote}/data/containerd${quote}`];
  return fc.subarray(optional).map((some) => [...(version === 1 ? [] : [`version = ${version}`]), ...some]);
}

/** Of CRI's own plugin first, and then foreign ones. */
function tablesOf({ version, quote }: Style): Table[] {
  const { runtime, images, foreign } = PLUGINS[version];
  const text = (value: string): string => quote + value + quote;
  const cri = ['plugins', runtime];
  const runc = [...cri, 'containerd', 'runtimes', 'runc'];
  return [
    [['plugins'], []],
    [cri, [['enable_selinux', 'false'], ...(version < 3 ? [['sandbox_image', text('old/pause:3.1')] as const] : [])]],
    [[...cri, 'cni'], [['bin_dir', text('/usr/lib/cni')], ['max_conf_num', '1']]],
    [[...cri, 'containerd'], [['default_runtime_name', text('runc')], ['discard_unpacked_layers', 'true']]],
    [[...cri, 'containerd', 'runtimes'], []],
    [runc, [['runtime_type', text('io.containerd.runc.v2')], ['privileged_without_host_devices', 'false'], ['pod_annotations', `[${text('a.b/*')}]`]]],
    [[...runc, 'options'], [['Root', text('')], ['SystemdCgroup', 'false']]],
    [[...cri, 'containerd', 'runtimes', 'nvidia'], [['runtime_type', text('io.containerd.runc.v2')]]],
    ...(images === runtime ? [] : ([[['plugins', images], [['snapshotter', text('overlayfs')], ['max_concurrent_downloads', '5']]], [['plugins', images, 'pinned_images'], [['sandbox', text('old/pause:3.1')]]]] satisfies Table[])),
    [['plugins', foreign], [['path', text('/opt')]]],
    [['debug'], [['level', text('info')]]],
    [['grpc'], [['address', text('/run/containerd/containerd.sock')], ['uid', '0']]],
    [['timeouts'], [[`${text('io.containerd.timeout.task.state')}`, text('2s')]]],
  ];
}

/** CRI's tables at the top of the file, as dotted keys or all in one line. */
function criLines({ version, quote, cri }: Style, tables: readonly Table[]): readonly string[] {
  const plugin = ['plugins', PLUGINS[version].runtime];
  const keys = tables.filter(([name]) => name[1] === plugin[1]).flatMap(([name, entries]) => entries.map(([key, value]) => [[...name.slice(2), key], value] as const));
  // A header of `plugins` would name again what these name.
  if (keys.length === 0 || tables.some(([name]) => name[0] === 'plugins' && name[1] !== plugin[1])) return [];
  const path = plugin.map((key) => written(key, quote)).join('.');
  if (cri === 'dotted') return keys.map(([key, value]) => `${path}.${key.join('.')} = ${value}`);
  return [`${path} = ${inlineOf(keys)}`];
}

function inlineOf(keys: readonly (readonly [readonly string[], string])[]): string {
  const heads = [...new Set(keys.map(([[head = '']]) => head))];
  return `{ ${heads.map((head) => {
    const below = keys.filter(([path]) => path[0] === head);
    const [first] = below;
    return first !== undefined && first[0].length === 1 ? `${head} = ${first[1]}` : `${head} = ${inlineOf(below.map(([path, value]) => [path.slice(1), value]))}`;
  }).join(', ')} }`;
}

function written(key: string, quote: Quote): string {
  return /^[\w-]+$/.test(key) ? key : quote + key + quote;
}

/** Plans of all kinds; many fit the file that they meet, some do not. */
export const arbitrarySettings: fc.Arbitrary<ContainerdSettings> = fc.record({
  enableCri: fc.boolean(),
  defaultRuntime: fc.constantFrom(null, null, 'crun', 'runc'),
  runtimes: fc.subarray([containerdRuntime('crun', { podAnnotations: ['run.oci.handler'] }), containerdRuntime('kata', { type: 'io.containerd.kata.v2', binary: null, options: [{ name: 'ConfigPath', value: '/etc/kata.toml' }] })]),
  removeRuntimes: fc.constantFrom([], [], ['nvidia']),
  systemdCgroup: fc.constantFrom(null, true, false),
  sandboxImage: fc.constantFrom(null, 'site.example:5000/pause:3.10'),
  snapshotter: fc.constantFrom(null, 'native'),
  registry: fc.constantFrom(null, { configPath: '/etc/containerd/certs.d', hosts: [] }),
  cdi: fc.constantFrom(null, null, { enabled: true, specDirs: ['/etc/cdi', '/run/cdi'] }),
}).map((settings) => containerdSettings(settings));
