import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Document } from 'yaml';

import type { KubeletField } from '../../../shared/domain/steps/kubeadm-spec.ts';

/** A file of kind KubeletConfiguration, with the places of its comments. */
export interface KubeletConfiguration {
  readonly text: string;
  readonly document: Document;
}

/** @returns null where there is none, or it is none that can be read without doubt. */
export async function readKubeletConfig(path: string): Promise<KubeletConfiguration | null> {
  const config = await parseConfiguration(await textOf(path));
  return config?.document.get('kind') === 'KubeletConfiguration' ? config : null;
}

/**
 * A file with some fields of one, whose kind may be left out, as kubeadm leaves it out of instance-config.yaml.
 * @returns null where it cannot be read without doubt
 */
export async function readKubeletPatch(path: string): Promise<KubeletConfiguration | 'none' | null> {
  const text = await textOf(path);
  if (text === null) return 'none';
  const patch = await parseConfiguration(text);
  return patch === null || ![undefined, 'KubeletConfiguration'].includes(patch.document.get('kind') as string | undefined) ? null : patch;
}

async function parseConfiguration(text: string | null): Promise<KubeletConfiguration | null> {
  const { isMap, parseDocument } = await import('yaml');
  if (text === null) return null;
  const document = parseDocument(text, { stringKeys: true, logLevel: 'error' });
  return document.errors.length > 0 || !isMap(document.contents) ? null : { text, document };
}

function textOf(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(() => null);
}

export function hasFields({ document }: KubeletConfiguration, fields: readonly KubeletField[]): boolean {
  const plain = document.toJS() as unknown;
  return fields.every(({ path, value }) => isDeepStrictEqual(at(plain, path), value));
}

/**
 * The text with the fields set and every comment kept. @returns null where that would change anything else, or a field lies
 * below what is no mapping: then nobody but a person can say what is meant.
 */
export async function withFields({ text, document }: KubeletConfiguration, fields: readonly KubeletField[]): Promise<string | null> {
  const { isMap, parse, parseDocument } = await import('yaml');
  const edited = parseDocument(text, { stringKeys: true, logLevel: 'error' });
  // By way of JSON, for what an alias shares must not stay shared here.
  const wanted = JSON.parse(JSON.stringify(document.toJS())) as Record<string, unknown>;
  for (const { path, value } of fields) {
    for (let depth = 1; depth < path.length; depth += 1) {
      const above = edited.getIn(path.slice(0, depth));
      if (above === null) edited.setIn(path.slice(0, depth), edited.createNode({}));
      else if (above !== undefined && !isMap(above)) return null;
    }
    edited.setIn(path, typeof value === 'object' ? edited.createNode(value) : value);
    put(wanted, path, value);
  }
  const written = edited.toString({ lineWidth: 0, indentSeq: !/^\w+:\n- /m.test(text) });
  return isDeepStrictEqual(parse(written), wanted) ? written : null;
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (typeof inner === 'object' && inner !== null && Object.hasOwn(inner, key) ? (inner as Record<string, unknown>)[key] : undefined), value);
}

function put(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key = '', ...rest] = path;
  if (rest.length === 0) {
    target[key] = value;
    return;
  }
  const inner = (target[key] ?? {}) as Record<string, unknown>;
  target[key] = inner;
  put(inner, rest, value);
}
