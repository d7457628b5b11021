import { fieldPathProblem, fieldsProblem, isFieldValue } from '../../domain/steps/kubelet-field.ts';
import type { KubeletConfigSpec, KubeletField } from '../../domain/steps/kubeadm-spec.ts';
import type { FieldCheck } from '../field-check.ts';
import { checkLooks } from './kubelet-codec.ts';
import type { StepCodec } from './step-codec.ts';

export const kubeletConfigCodec: StepCodec<KubeletConfigSpec> = {
  toWire: ({ set, looks, lookIntervalMs }) => ({
    kubeletConfig: { set: set.map(({ path, value }) => ({ path: [...path], valueJson: JSON.stringify(value) })), looks, lookIntervalMs },
  }),

  fromWire(base, { kubeletConfig: step }, at, check) {
    if (!step) return null;
    const set = step.set.map(({ path, valueJson }, index): KubeletField => {
      const problem = fieldPathProblem(path);
      check.that(problem === '', `${at}.set[${index}].path`, problem);
      return { path, value: fromJson(valueJson, `${at}.set[${index}].valueJson`, check) };
    });
    const problem = fieldsProblem(set);
    check.that(problem === '', `${at}.set`, problem);
    checkLooks(step, at, check);
    return { kind: 'kubelet_config', ...base, set, looks: step.looks, lookIntervalMs: step.lookIntervalMs };
  },
};

/** Only as `toWire` writes it: one value has one form, and its bytes are what the digest covers. */
function fromJson(text: string, at: string, check: FieldCheck): KubeletField['value'] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (isFieldValue(value) && JSON.stringify(value) === text) return value;
  check.that(false, at, 'is no scalar and no list of scalars');
  return '';
}
