import { readFileSync } from 'node:fs';

import type { ConfigRefusalCode } from '../../agent/steps/containerd/config-refusal.ts';
import type { DropIn } from '../../agent/steps/containerd/drop-ins.ts';
import type { MergeInput } from '../../agent/steps/containerd/merge-config.ts';
import type { Release } from '../../shared/domain/release.ts';
import type { ContainerdSettings } from '../../shared/domain/steps/containerd-spec.ts';
import { CONTAINERD_16, CONTAINERD_17, CONTAINERD_21, containerdRuntime, containerdSettings } from './containerd-settings.ts';

/** A configuration as hosts really have it, and what a plan makes of it. */
export interface ContainerdShape {
  readonly name: string;
  readonly text: string | null;
  /** Every containerd that has to read the result. */
  readonly on: readonly [Release, ...Release[]];
  readonly settings: ContainerdSettings;
  /** By name, in conf.d beside it. */
  readonly dropIns: readonly DropIn[];
  readonly refused: ConfigRefusalCode | null;
}

interface ShapeParts {
  /** Named where several shapes begin with the same file. */
  readonly file?: string;
  readonly on: Release;
  readonly also?: Release;
  readonly change?: Partial<ContainerdSettings>;
  readonly as?: 'crlf' | 'marked';
  readonly dropIns?: Readonly<Record<string, string>>;
  readonly refused?: ConfigRefusalCode;
}

const CONTAINERD_23: Release = { major: 2, minor: 3, patch: 1 };
/** What a site wants of all its hosts. */
const SITE: Partial<ContainerdSettings> = {
  enableCri: true,
  runtimes: [containerdRuntime('crun', { podAnnotations: ['run.oci.handler'] })],
  systemdCgroup: true,
  sandboxImage: 'site.example:5000/pause:3.10',
  registry: { configPath: '/etc/containerd/certs.d', hosts: [] },
};
const OPT = (version: number): string => `version = ${version}\n[plugins."io.containerd.internal.v1.opt"]\npath = "/opt/site"\n`;
const NVIDIA = (version: number, plugin: string): string => `version = ${version}\n[plugins."${plugin}".containerd.runtimes.nvidia]\nruntime_type = "io.containerd.runc.v2"\n[plugins."${plugin}".containerd.runtimes.nvidia.options]\nBinaryName = "/usr/bin/nvidia-container-runtime"\nSystemdCgroup = true\n`;
const OLD_CRI = 'io.containerd.grpc.v1.cri';

const SHAPES: Readonly<Record<string, ShapeParts>> = {
  'debian-12': { file: 'debian', on: CONTAINERD_16 },
  'debian-13': { file: 'debian', on: CONTAINERD_17, change: { defaultRuntime: 'crun' } },
  'debian-testing': { file: 'debian', on: CONTAINERD_21, change: { defaultRuntime: 'crun', snapshotter: 'native', cdi: { enabled: true, specDirs: ['/etc/cdi'] } } },
  'debian-13-to-testing-and-back': { file: 'debian', on: CONTAINERD_17, also: CONTAINERD_21 },
  'no-file-1': { file: '', on: CONTAINERD_16 },
  'no-file-2': { file: '', on: CONTAINERD_21, change: { defaultRuntime: 'crun', snapshotter: 'native' } },
  'docker-1': { file: 'docker', on: CONTAINERD_17, change: { runtimes: [], systemdCgroup: true } },
  'docker-2': { file: 'docker', on: CONTAINERD_21 },
  'docker-kept-off': { file: 'docker', on: CONTAINERD_17, change: { enableCri: false, registry: null, runtimes: [], systemdCgroup: null, sandboxImage: null, snapshotter: 'native' }, refused: 'cri-off' },
  'dumped-default-1': { on: CONTAINERD_16, change: { defaultRuntime: 'crun', snapshotter: 'native' } },
  'dumped-default-1-on-2': { file: 'dumped-default-1', on: CONTAINERD_21, change: { defaultRuntime: 'crun' } },
  'dumped-default-2': { on: CONTAINERD_21, change: { defaultRuntime: 'crun', cdi: { enabled: false, specDirs: [] } } },
  'dumped-default-2-on-1': { file: 'dumped-default-2', on: CONTAINERD_17, refused: 'config-version-unread' },
  'dumped-default-2-silently-on-1': { file: 'dumped-default-2', on: CONTAINERD_16, refused: 'config-version-unread' },
  'dumped-default-2-to-go-back': { file: 'dumped-default-2', on: CONTAINERD_21, also: CONTAINERD_17, refused: 'config-version-unread' },
  'nvidia': { on: CONTAINERD_17 },
  'nvidia-taken-out': { file: 'nvidia', on: CONTAINERD_17, change: { defaultRuntime: 'runc', removeRuntimes: ['nvidia'] } },
  'nvidia-default-taken-out': { file: 'nvidia', on: CONTAINERD_17, change: { removeRuntimes: ['nvidia'] }, refused: 'default-runtime-missing' },
  'nvidia-drop-in': { on: CONTAINERD_21, dropIns: { '99-nvidia.toml': NVIDIA(3, 'io.containerd.cri.v1.runtime') } },
  'nvidia-drop-in-old': { on: CONTAINERD_17, dropIns: { '99-nvidia.toml': NVIDIA(2, OLD_CRI) }, refused: 'drop-in-replaces' },
  'nvidia-drop-in-other-version': { file: 'nvidia-drop-in', on: CONTAINERD_21, dropIns: { '99-nvidia.toml': NVIDIA(2, OLD_CRI) }, refused: 'drop-in-version' },
  'kurl': { on: CONTAINERD_16 },
  'k3s': { on: CONTAINERD_17 },
  'k3s-v3': { on: CONTAINERD_21 },
  'rke2': { on: CONTAINERD_17, change: { defaultRuntime: 'crun' } },
  'kind': { on: CONTAINERD_17, change: { defaultRuntime: 'crun' } },
  'cloud-gvisor': { on: CONTAINERD_16 },
  'cloud-root': { on: CONTAINERD_17 },
  'by-hand': { on: CONTAINERD_16, change: { snapshotter: 'native' } },
  'by-hand-crlf': { file: 'by-hand', as: 'crlf', on: CONTAINERD_21 },
  'debian-marked': { file: 'debian', as: 'marked', on: CONTAINERD_17 },
  'debian-marked-on-2': { file: 'debian', as: 'marked', on: CONTAINERD_21 },
  'empty-1': { file: 'empty', on: CONTAINERD_17 },
  'empty-2': { file: 'empty', on: CONTAINERD_21 },
  'comments-only': { on: CONTAINERD_21 },
  'short-names': { on: CONTAINERD_16 },
  'short-names-on-2': { file: 'short-names', on: CONTAINERD_21 },
  'short-names-to-2': { file: 'short-names', on: CONTAINERD_17, also: CONTAINERD_21 },
  'long-names-no-version': { on: CONTAINERD_17, refused: 'config-unclear' },
  'version-4': { on: CONTAINERD_23 },
  'version-4-on-2.1': { file: 'version-4', on: CONTAINERD_21, refused: 'config-version-unread' },
  'duplicate-tables': { on: CONTAINERD_17, refused: 'config-broken' },
  // 1.x takes it, and nothing else that reads TOML does.
  'duplicate-tables-quotes': { on: CONTAINERD_21, refused: 'config-broken' },
  'both-quotes': { on: CONTAINERD_17 },
  'inline': { on: CONTAINERD_17, change: { defaultRuntime: 'crun' } },
  'inline-on-2': { file: 'inline', on: CONTAINERD_21 },
  'dotted': { on: CONTAINERD_16, change: { defaultRuntime: 'crun' } },
  'drop-ins': { on: CONTAINERD_17, dropIns: { '10-opt.toml': OPT(2), '20-debug.toml': 'version = 2\n[debug]\nlevel = "debug"\n' } },
  'drop-ins-without-version': { file: 'drop-ins', on: CONTAINERD_21, dropIns: { '20-debug.toml': '[debug]\nlevel = "debug"\n' }, refused: 'drop-in-version' },
  'drop-ins-over-ours': { file: 'drop-ins', on: CONTAINERD_21, dropIns: { '30-pause.toml': `version = 2\n[plugins."${OLD_CRI}"]\nsandbox_image = "other.example/pause:1"\n` }, refused: 'drop-in-overrides' },
  'drop-ins-broken': { file: 'drop-ins', on: CONTAINERD_21, dropIns: { '40-broken.toml': 'version = \n' }, refused: 'drop-in-broken' },
  'mirrors': { on: CONTAINERD_17, change: { registry: null } },
  'mirrors-and-hosts': { file: 'mirrors', on: CONTAINERD_17, refused: 'mirrors-and-config-path' },
  'names-of-version-3': { on: CONTAINERD_21, refused: 'config-unclear' },
  'out-of-order': { on: CONTAINERD_16, change: { defaultRuntime: 'crun' } },
  'tabs': { on: CONTAINERD_17 },
  'list-of-tables': { on: CONTAINERD_17, change: { snapshotter: 'native' } },
  'long-values': { on: CONTAINERD_17, change: { runtimes: [containerdRuntime('runc', { binary: null, podAnnotations: ['b.example/*'] })] } },
  'older-default': { on: CONTAINERD_17, change: { defaultRuntime: 'crun' }, refused: 'default-runtime-overridden' },
  'mixed-drivers': { on: CONTAINERD_17 },
  'mixed-drivers-left': { file: 'mixed-drivers', on: CONTAINERD_17, change: { systemdCgroup: null }, refused: 'cgroup-driver-mixed' },
  'mixed-drivers-not-touched': { file: 'mixed-drivers', on: CONTAINERD_17, change: { systemdCgroup: null, runtimes: [] } },
  'broken': { on: CONTAINERD_17, refused: 'config-broken' },
  'runc-without-type': { on: CONTAINERD_16 },
  'wasm': { on: CONTAINERD_21, change: { removeRuntimes: ['wasmtime'] } },
  'devmapper': { on: CONTAINERD_17, change: { systemdCgroup: null } },
  'odd-version': { on: CONTAINERD_17, refused: 'config-broken' },
  'root-scalar': { on: CONTAINERD_17, refused: 'not-editable' },
  'cdi-on-1.6': { file: 'debian', on: CONTAINERD_16, change: { cdi: { enabled: true, specDirs: [] } }, refused: 'cdi-unsupported' },
};

export const CONTAINERD_SHAPES: readonly ContainerdShape[] = Object.entries(SHAPES).map(([name, { file = name, on, also, change, as, dropIns = {}, refused }]) => ({
  name,
  text: file === '' ? null : written(readFileSync(new URL(`containerd-shapes/${file}.toml`, import.meta.url), 'utf8'), as),
  on: also === undefined ? [on] : [on, also],
  settings: containerdSettings({ ...SITE, ...change }),
  dropIns: Object.entries(dropIns).map(([path, text]) => ({ path, text })),
  refused: refused ?? null,
}));

export function mergeOf({ text, dropIns, settings, on }: ContainerdShape): MergeInput {
  return { text, dropIns, settings, releases: on };
}

function written(text: string, as: ShapeParts['as']): string {
  if (as === 'crlf') return text.replaceAll('\n', '\r\n');
  return as === 'marked' ? `\uFEFF${text}` : text;
}
