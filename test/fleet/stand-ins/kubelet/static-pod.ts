import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** A pod that a manifest in the static pod folder asks for. */
export interface StaticPod {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
  /** Of the whole manifest: the annotation kubernetes.io/config.hash of its mirror pod. */
  readonly hash: string;
}

interface PodSpec {
  readonly containers: readonly { readonly name: string; readonly image: string; readonly command: readonly string[] }[];
  readonly [field: string]: unknown;
}

/** All pods of the folder. A file that is no pod is left out with a word about it, as the real kubelet does. */
export function readStaticPods(folder: string, nodeName: string, complain: (line: string) => void): readonly StaticPod[] {
  let names: readonly string[];
  try {
    names = readdirSync(folder).filter((name) => !name.startsWith('.')).toSorted();
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    try {
      const text = readFileSync(join(folder, name), 'utf8');
      const pod = parse(text) as { kind?: string; metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> }; spec: PodSpec };
      if (pod.kind !== 'Pod') throw new Error(`couldn't parse as pod(no kind "${pod.kind}")`);
      const { metadata, spec } = pod;
      const hash = createHash('md5').update(JSON.stringify([nodeName, join(folder, name), metadata, spec])).digest('hex');
      return [{ name: `${metadata.name}-${nodeName}`, namespace: metadata.namespace ?? 'default', labels: metadata.labels ?? {}, annotations: metadata.annotations ?? {}, spec, hash }];
    } catch (error) {
      complain(`Can't process manifest file ${join(folder, name)}: ${String(error)}`);
      return [];
    }
  });
}
