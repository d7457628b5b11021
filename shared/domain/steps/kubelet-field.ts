import { KUBELET_FIELD_DEPTH_MAX, KUBELET_FIELD_LIST_MAX, KUBELET_FIELD_PATTERN, KUBELET_FIELD_TEXT_MAX, KUBELET_FIELDS_MAX } from '../step-limits.ts';
import type { KubeletField, KubeletFieldScalar, KubeletFieldValue } from './kubeadm-spec.ts';

/** Say what the file is, and are nobody's to set. */
const RESERVED = ['apiVersion', 'kind'];

/** @returns what is wrong with the path of a field, or ''. */
export function fieldPathProblem(path: readonly string[]): string {
  if (path.length === 0 || path.length > KUBELET_FIELD_DEPTH_MAX) return `lies ${path.length} levels deep; 1 to ${KUBELET_FIELD_DEPTH_MAX} are allowed`;
  const odd = path.find((key) => !KUBELET_FIELD_PATTERN.test(key));
  if (odd !== undefined) return `${JSON.stringify(odd.slice(0, 80))} is no name of a field`;
  return RESERVED.includes(path[0] ?? '') ? `${path[0]} says what the file is; it cannot be set` : '';
}

export function isFieldValue(value: unknown): value is KubeletFieldValue {
  return Array.isArray(value) ? value.length <= KUBELET_FIELD_LIST_MAX && value.every(isScalar) : isScalar(value);
}

function isScalar(value: unknown): value is KubeletFieldScalar {
  if (typeof value === 'string') return value.length <= KUBELET_FIELD_TEXT_MAX;
  return typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value) && !Object.is(value, -0));
}

/** @returns what is wrong with the fields together, or ''. */
export function fieldsProblem(fields: readonly KubeletField[]): string {
  if (fields.length === 0 || fields.length > KUBELET_FIELDS_MAX) return `sets ${fields.length} fields; 1 to ${KUBELET_FIELDS_MAX} are allowed`;
  const clash = fields.findIndex(({ path }, index) => fields.some((other, at) => at !== index && startsWith(other.path, path)));
  return clash === -1 ? '' : `${fields[clash]?.path.join('.')} is set twice, or as a whole and in part`;
}

function startsWith(path: readonly string[], start: readonly string[]): boolean {
  return start.every((key, index) => path[index] === key);
}
