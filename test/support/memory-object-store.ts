import { createHash } from 'node:crypto';

import type { ObjectStore } from '../../coordinator/ports/object-store.ts';
import { failure } from '../../shared/trust/failure.ts';

/** An object store of this process alone. */
export function memoryObjectStore(): ObjectStore {
  const objects = new Map<string, Buffer>();
  const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
  const stored = (bytes: Buffer) => ({ sizeBytes: bytes.length, digest: digestOf(bytes) });
  return {
    put: async (key, { sizeBytes, digest, read }, signal) => {
      signal.throwIfAborted();
      const before = objects.get(key);
      if (before !== undefined && digestOf(before) === digest) return { ok: true, value: stored(before) };
      if (before !== undefined) return failure('other-object', `under ${key} lies something else`);
      const bytes = Buffer.from(await read(0, sizeBytes));
      if (digestOf(bytes) !== digest) return failure('source-changed', `what was read of ${key} is something else`);
      const first = objects.get(key) ?? bytes;
      objects.set(key, first);
      return first === bytes || digestOf(first) === digest ? { ok: true, value: stored(first) } : failure('other-object', `under ${key} lies something else`);
    },
    head: async (key, signal) => {
      signal.throwIfAborted();
      const bytes = objects.get(key);
      return { ok: true, value: bytes === undefined ? null : stored(bytes) };
    },
    get: async (key, { from, to }, signal) => {
      signal.throwIfAborted();
      const bytes = objects.get(key);
      return bytes === undefined ? failure('not-there', `nothing lies under ${key}`) : { ok: true, value: piecesOf(bytes.subarray(from, to)) };
    },
    list: async (prefix, signal) => {
      signal.throwIfAborted();
      const found = [...objects].filter(([key]) => key.startsWith(prefix)).map(([key, { length }]) => ({ key, sizeBytes: length }));
      return { ok: true, value: found.toSorted((a, b) => (a.key < b.key ? -1 : 1)) };
    },
    delete: async (key, signal) => {
      signal.throwIfAborted();
      objects.delete(key);
      return { ok: true, value: null };
    },
  };
}

async function* piecesOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}
