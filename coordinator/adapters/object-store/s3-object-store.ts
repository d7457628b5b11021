import type { Clock } from '../../../shared/ports/clock.ts';
import type { Random } from '../../../shared/ports/random.ts';
import { SHA256_PATTERN } from '../../../shared/domain/step-limits.ts';
import { failure } from '../../../shared/trust/failure.ts';
import type { ListedObject, ObjectAnswer, ObjectSource, ObjectStore, StoredObject } from '../../ports/object-store.ts';
import { readObjects } from './s3-answers.ts';
import { s3Calls, type S3Place } from './s3-call.ts';
import { DIGEST_HEADER, uploader } from './s3-upload.ts';

/** A thousand keys each. */
const PAGES_MAX = 1_000;

/** A bucket, over HTTP with AWS' signature version 4. */
export function s3ObjectStore(place: S3Place, clock: Clock, random: Random): ObjectStore {
  const calls = s3Calls(place, clock, random);
  const upload = uploader(place, calls);

  async function head(key: string, signal: AbortSignal): Promise<ObjectAnswer<StoredObject | null>> {
    const answer = await calls.ask({ method: 'HEAD', key, understands: [404] }, signal);
    if (!answer.ok) return answer;
    if (answer.status === 404) return { ok: true, value: null };
    const digest = String(answer.headers[DIGEST_HEADER] ?? '');
    return { ok: true, value: { sizeBytes: Number(answer.headers['content-length']), digest: SHA256_PATTERN.test(digest) ? digest : null } };
  }

  /** What lies there now; null: nothing. @returns a failure where it is something else */
  async function standing(key: string, { sizeBytes, digest }: ObjectSource, signal: AbortSignal): Promise<ObjectAnswer<StoredObject | null>> {
    const found = await head(key, signal);
    if (!found.ok || found.value === null) return found;
    if (found.value.sizeBytes === sizeBytes && found.value.digest === digest) return found;
    return failure('other-object', `under ${place.bucket}/${key} of the object store ${place.name} lies something else, which is not overwritten; look at it, and remove it or name another prefix`);
  }

  return {
    head,
    put: async (key, source, signal) => {
      const before = await standing(key, source, signal);
      if (!before.ok) return before;
      if (before.value !== null) return { ok: true, value: before.value };
      const uploaded = await upload(key, source, signal);
      if (!uploaded.ok) return uploaded;
      // Also where somebody else was first: then that is what counts.
      const after = await standing(key, source, signal);
      if (!after.ok) return after;
      return after.value === null ? failure('refused', `the object store ${place.name} took ${place.bucket}/${key} and does not have it`) : { ok: true, value: after.value };
    },
    get: async (key, { from, to }, signal) => {
      if (to <= from) return { ok: true, value: nothing() };
      const answer = await calls.open({ method: 'GET', key, headers: { range: `bytes=${from}-${to - 1}` } }, signal);
      if (!answer.ok) return answer;
      if (answer.status === 206 || from === 0) return { ok: true, value: exactly(answer.body as AsyncIterable<Buffer>, to - from) };
      answer.body.destroy();
      return failure('refused', `the object store ${place.name} does not give a part of ${place.bucket}/${key}`);
    },
    list: async (prefix, signal) => {
      const found: ListedObject[] = [];
      let token: string | null = null;
      for (let page = 0; page < PAGES_MAX; page += 1) {
        const query: Readonly<Record<string, string>> = { 'list-type': '2', prefix, ...(token === null ? {} : { 'continuation-token': token }) };
        const answer = await calls.ask({ method: 'GET', key: '', query }, signal);
        if (!answer.ok) return answer;
        const { items, next } = readObjects(answer.text);
        found.push(...items);
        if (next === null) return { ok: true, value: found };
        token = next;
      }
      return failure('refused', `the object store ${place.name} lists more than ${PAGES_MAX} pages below ${prefix}`);
    },
    delete: async (key, signal) => {
      const answer = await calls.ask({ method: 'DELETE', key, understands: [404] }, signal);
      return answer.ok ? { ok: true, value: null } : answer;
    },
  };
}

async function* nothing(): AsyncGenerator<Uint8Array> {
  // An object of no bytes has no range.
}

/** @throws where they break off. */
async function* exactly(bytes: AsyncIterable<Buffer>, sizeBytes: number): AsyncGenerator<Uint8Array> {
  let left = sizeBytes;
  for await (const piece of bytes) {
    left -= piece.length;
    yield left < 0 ? piece.subarray(0, left) : piece;
    if (left <= 0) return;
  }
  if (left > 0) throw new Error(`it broke off ${left} bytes before its end`);
}
