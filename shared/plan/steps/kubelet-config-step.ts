import type { z } from 'zod';

import { fieldPathProblem, fieldsProblem, isFieldValue } from '../../domain/steps/kubelet-field.ts';
import type { KubeletConfigSpec, KubeletField } from '../../domain/steps/kubeadm-spec.ts';
import type { Complaints } from '../field.ts';
import { field } from '../field.ts';
import { quote } from '../quote.ts';
import { expected, section } from '../section.ts';
import { kubeletProof } from './kubelet-step.ts';

const WHAT = 'a mapping of fields of KubeletConfiguration to their values';

/** `set: { maxPods: 150, evictionHard: { memory.available: 200Mi } }`. Sorted by path, as equal targets have to have equal digests. */
const fields = field((input, complaints): readonly KubeletField[] => {
  if (!isMapping(input)) return complaints.stop(input === undefined ? 'missing' : 'wrong-type', expected(input, WHAT));
  const found = leaves(input, [], complaints);
  // Nothing is left of it only where each of them was named as wrong already.
  const problem = found.length === 0 && Object.keys(input).length > 0 ? '' : fieldsProblem(found);
  if (problem !== '') complaints.stop('wrong-type', problem);
  return found.toSorted((a, b) => (a.path.join('\0') < b.path.join('\0') ? -1 : 1));
});

export const kubeletConfigSection = section({ set: fields, ...kubeletProof });

export function compileKubeletConfig({ set, looks, every, timeout }: z.infer<typeof kubeletConfigSection>, nameIt: (wanted: string) => string): KubeletConfigSpec {
  return { kind: 'kubelet_config', name: nameIt('kubelet-config'), timeoutMs: timeout, set, looks, lookIntervalMs: every };
}

function leaves(value: Readonly<Record<string, unknown>>, above: readonly string[], complaints: Complaints): readonly KubeletField[] {
  return Object.entries(value).flatMap(([key, below]): readonly KubeletField[] => {
    const path = [...above, key];
    const problem = fieldPathProblem(path);
    if (problem !== '') complaints.note(path, 'bad-name', problem, 'key');
    // Past the depth that is refused nothing is looked at: a file cannot make this go deep.
    else if (isMapping(below) && Object.keys(below).length > 0) return leaves(below, path, complaints);
    else if (isFieldValue(below)) return [{ path, value: below }];
    else complaints.note(path, 'wrong-type', `is ${quote(below)}; it has to be text, a number, true or false, or a list of these`);
    return [];
  });
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
