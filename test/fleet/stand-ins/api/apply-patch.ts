import { isDeepStrictEqual } from 'node:util';

import { ApiError } from './api-status.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { readonly [key: string]: Json };

/** Lists that a strategic merge patch merges by a key instead of replacing them (the patchMergeKey tags of core/v1). */
const MERGE_KEYS: Readonly<Record<string, string>> = { conditions: 'type', addresses: 'type', containers: 'name', env: 'name' };

/** Applies a patch by its content type. @throws ApiError for a type or an operation that is not known. */
export function applyPatch(target: unknown, patch: unknown, contentType: string): unknown {
  switch (contentType) {
    case 'application/merge-patch+json': return merge(target as Json, patch as Json, {});
    case 'application/strategic-merge-patch+json': return merge(target as Json, patch as Json, MERGE_KEYS);
    case 'application/json-patch+json': return jsonPatch(target as Json, patch as readonly Operation[]);
    default: throw new ApiError(415, 'UnsupportedMediaType', `the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json`);
  }
}

/** RFC 7386, and with keys the strategic form of it. */
function merge(target: Json, patch: Json, keys: Readonly<Record<string, string>>): Json {
  if (!isObject(patch)) return patch;
  const merged: Record<string, Json> = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    const key = keys[name];
    if (value === null) delete merged[name];
    else if (key !== undefined && Array.isArray(value) && Array.isArray(merged[name])) merged[name] = mergeLists(merged[name] as readonly JsonObject[], value as readonly JsonObject[], key, keys);
    else merged[name] = merge(merged[name] ?? null, value, keys);
  }
  return merged;
}

function mergeLists(target: readonly JsonObject[], patch: readonly JsonObject[], key: string, keys: Readonly<Record<string, string>>): readonly Json[] {
  const kept = target.map((old) => {
    const change = patch.find((one) => isDeepStrictEqual(one[key], old[key]));
    return change === undefined ? old : merge(old, change, keys);
  });
  return [...kept, ...patch.filter((one) => !target.some((old) => isDeepStrictEqual(one[key], old[key])))];
}

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly value?: Json;
}

/** RFC 6902: add, remove, replace and test, which are all that kubectl and operators send. */
function jsonPatch(target: Json, operations: readonly Operation[]): Json {
  const copy = structuredClone(target) as Record<string, unknown>;
  for (const { op, path, value } of operations) {
    const segments = path.split('/').slice(1).map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = segments.pop() ?? '';
    let parent: Record<string, unknown> = copy;
    for (const segment of segments) parent = (parent[segment] ?? fail(path)) as Record<string, unknown>;
    if (op === 'test') {
      if (!isDeepStrictEqual(parent[last], value)) throw new ApiError(422, 'Invalid', `the server rejected our request due to an error in our request`);
    } else if (op === 'remove') {
      if (!(last in parent)) fail(path);
      if (Array.isArray(parent)) parent.splice(Number(last), 1);
      else delete parent[last];
    } else if (op === 'add' && Array.isArray(parent)) {
      parent.splice(last === '-' ? parent.length : Number(last), 0, value);
    } else if (op === 'add' || op === 'replace') {
      parent[last] = value;
    } else {
      throw new ApiError(422, 'Invalid', `Unexpected kind: ${op}`);
    }
  }
  return copy as Json;
}

function fail(path: string): never {
  throw new ApiError(422, 'Invalid', `doc is missing path: ${path}: missing value`);
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
