import { parseKubeVersion } from '../../../shared/domain/kube-version.ts';
import type { K3sRuntime } from '../../../shared/domain/steps/k3s-runtimes-spec.ts';

/** https://docs.k3s.io/advanced#configuring-containerd */
export interface TemplateKind {
  readonly file: 'config-v3.toml.tmpl' | 'config.toml.tmpl';
  /** Of the plugin in which runtimes stand. */
  readonly plugin: string;
}

export const TEMPLATE_KINDS: readonly [v3: TemplateKind, v2: TemplateKind] = [
  { file: 'config-v3.toml.tmpl', plugin: 'io.containerd.cri.v1.runtime' },
  { file: 'config.toml.tmpl', plugin: 'io.containerd.grpc.v1.cri' },
];

/** First patch of a minor that has containerd 2 and reads the newer template; every later minor does. */
const V3_SINCE: Readonly<Record<number, number>> = { 31: 6, 32: 2 };

const BASE = '{{ template "base" . }}\n';
const BEGIN = '# Runtimes added by Farrier; what stands between these two lines is written anew.\n';
const END = '# End of the runtimes added by Farrier.\n';

/**
 * Which template K3s of that version will read. One in the older form that is there is still read where the newer is not,
 * and would not be any more once there is a newer one beside it.
 */
export function templateKind(version: string, has: (file: TemplateKind['file']) => boolean): TemplateKind {
  const [v3, v2] = TEMPLATE_KINDS;
  if (!readsV3(version)) return v2;
  return !has(v3.file) && has(v2.file) ? v2 : v3;
}

function readsV3(version: string): boolean {
  const { minor, patch } = parseKubeVersion(version) ?? { minor: 0, patch: 0 };
  return minor > Math.max(...Object.keys(V3_SINCE).map(Number)) || patch >= (V3_SINCE[minor] ?? Infinity);
}

/** @param text null: there is none. @returns it with these runtimes, and nothing of Farrier's beside them; null: nothing needs a template */
export function mergeTemplate(text: string | null, { plugin }: TemplateKind, runtimes: readonly K3sRuntime[]): string | null {
  const block = runtimes.length === 0 ? '' : `${BEGIN}${runtimes.map((runtime) => tablesOf(plugin, runtime)).join('')}${END}`;
  if (text === null) return block === '' ? null : `${BASE}\n${block}`;
  const [before, after] = aroundBlock(text) ?? [`${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${text === '' ? BASE : ''}\n`, ''];
  return block === '' && aroundBlock(text) === null ? text : `${before}${block}${after}`;
}

/**
 * Takes runtimes of Farrier's out of a template that a person changed since, and brings back those that stood there before.
 *
 * @param was before they were added; null: there was none.
 * @returns null where nobody changed it, and it can come back as it was
 */
export function undoneTemplate(now: string, was: string | null, kind: TemplateKind, runtimes: readonly K3sRuntime[]): string | null {
  if (now === was || now === mergeTemplate(was, kind, runtimes)) return null;
  const around = aroundBlock(now);
  return around === null ? now : around.join(blockOf(was ?? ''));
}

/** What a person wrote into it. */
export function personsPart(text: string): string {
  return (aroundBlock(text) ?? [text, '']).join('');
}

/** Names of the runtimes that Farrier added to it. */
export function addedRuntimes(text: string): readonly string[] {
  return [...blockOf(text).matchAll(/^\[[^\]\n]*\.runtimes\.'([^']+)'\]$/gm)].map(([, name = '']) => name);
}

/** Whether a configuration or a template has a table of that runtime: TOML that has it twice is none. */
export function hasRuntime(text: string, name: string): boolean {
  return new RegExp(String.raw`^\s*\[[^\]\n]*\.runtimes\.(["']?)${name.replaceAll('.', String.raw`\.`)}\1\s*[\].]`, 'm').test(text);
}

function aroundBlock(text: string): readonly [before: string, after: string] | null {
  const from = text.indexOf(BEGIN);
  const to = text.indexOf(END, from);
  return from === -1 || to === -1 ? null : [text.slice(0, from), text.slice(to + END.length)];
}

function blockOf(text: string): string {
  const [before, after] = aroundBlock(text) ?? [text, ''];
  return text.slice(before.length, text.length - after.length);
}

function tablesOf(plugin: string, { name, type, binary, podAnnotations }: K3sRuntime): string {
  const table = `plugins.'${plugin}'.containerd.runtimes.'${name}'`;
  const annotations = podAnnotations.length === 0 ? '' : `  pod_annotations = [${podAnnotations.map((each) => JSON.stringify(each)).join(', ')}]\n`;
  // K3s fills in the driver that it gives all the others.
  const options = binary === null ? '' : `[${table}.options]\n  BinaryName = ${JSON.stringify(binary)}\n  SystemdCgroup = {{ .SystemdCgroup }}\n`;
  return `[${table}]\n  runtime_type = ${JSON.stringify(type)}\n${annotations}${options}`;
}
