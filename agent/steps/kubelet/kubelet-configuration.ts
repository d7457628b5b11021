import { textIfReadable } from '../files/file-text.ts';
import { parseMapping, type YamlMapping } from '../yaml-mapping.ts';

/** @returns null where there is none, or it is none that can be read without doubt. */
export async function readKubeletConfig(path: string): Promise<YamlMapping | null> {
  const text = await textIfReadable(path);
  const config = text === null ? null : await parseMapping(text);
  return config?.document.get('kind') === 'KubeletConfiguration' ? config : null;
}

/**
 * A file with some fields of one, whose kind may be left out, as kubeadm leaves it out of instance-config.yaml.
 * @returns null where it cannot be read without doubt
 */
export async function readKubeletPatch(path: string): Promise<YamlMapping | 'none' | null> {
  const text = await textIfReadable(path);
  if (text === null) return 'none';
  const patch = await parseMapping(text);
  return patch === null || ![undefined, 'KubeletConfiguration'].includes(patch.document.get('kind') as string | undefined) ? null : patch;
}
