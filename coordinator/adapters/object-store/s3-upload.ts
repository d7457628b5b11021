import { createHash, type Hash } from 'node:crypto';

import { failure, type Failure } from '../../../shared/trust/failure.ts';
import type { ObjectAnswer, ObjectSource, ObjectStoreCode } from '../../ports/object-store.ts';
import { isCompleted, type ListedPart, readError, readParts, readUploadId, readUploads, unquoted } from './s3-answers.ts';
import type { S3Calls, S3Place } from './s3-call.ts';

export const DIGEST_HEADER = 'x-amz-meta-sha256';

/** Held in memory; S3 takes 10,000 parts of at least 5 MiB. */
export const PART_BYTES = 16 * 1024 * 1024;
const PARTS_MAX = 10_000;
const NEVER_OVERWRITE = { 'if-none-match': '*' };
/** Somebody was first: 412 when it is there, 409 while it comes. */
const WAS_FIRST = [409, 412];
/** The upload that was gone on with is gone: S3 clears up after days. */
const BEGINNINGS_MAX = 2;

/** Resolves when the object stands there whole, by us or by whoever was first. */
export type Upload = (key: string, source: ObjectSource, signal: AbortSignal) => Promise<ObjectAnswer<null>>;

const DONE = { ok: true, value: null } as const;

export function uploader(place: S3Place, calls: S3Calls): Upload {
  async function putWhole(key: string, source: ObjectSource, signal: AbortSignal): Promise<ObjectAnswer<null>> {
    const body = await source.read(0, source.sizeBytes);
    const changed = differs(createHash('sha256').update(body), source);
    if (changed !== null) return changed;
    const answer = await calls.ask({ method: 'PUT', key, headers: { ...NEVER_OVERWRITE, [DIGEST_HEADER]: source.digest }, body, understands: WAS_FIRST }, signal);
    return answer.ok ? DONE : answer;
  }

  /** The newest that was begun for this key, or a new one; others are given up: what they hold is paid for. */
  async function begin(key: string, { digest }: ObjectSource, signal: AbortSignal): Promise<ObjectAnswer<string>> {
    const listed = await calls.ask({ method: 'GET', key: '', query: { uploads: '', prefix: key } }, signal);
    if (!listed.ok) return listed;
    const [newest, ...older] = readUploads(listed.text, key);
    for (const uploadId of older) await giveUp(key, uploadId, signal);
    if (newest !== undefined) return { ok: true, value: newest };
    const begun = await calls.ask({ method: 'POST', key, query: { uploads: '' }, headers: { [DIGEST_HEADER]: digest } }, signal);
    if (!begun.ok) return begun;
    const uploadId = readUploadId(begun.text);
    return uploadId === '' ? failure('refused', `the object store ${place.name} began an upload and did not say which`) : { ok: true, value: uploadId };
  }

  /** What is left where it fails is found by the next put. */
  async function giveUp(key: string, uploadId: string, signal: AbortSignal): Promise<void> {
    await calls.ask({ method: 'DELETE', key, query: { uploadId }, understands: [404] }, signal);
  }

  async function partsOf(key: string, uploadId: string, signal: AbortSignal): Promise<ObjectAnswer<ReadonlyMap<number, ListedPart>>> {
    const parts = new Map<number, ListedPart>();
    let marker = '0';
    for (let page = 0; page < PARTS_MAX; page += 1) {
      const answer = await calls.ask({ method: 'GET', key, query: { uploadId, 'part-number-marker': marker } }, signal);
      if (!answer.ok) return answer;
      const { items, next } = readParts(answer.text);
      for (const part of items) parts.set(part.number, part);
      if (next === null) break;
      marker = next;
    }
    return { ok: true, value: parts };
  }

  async function putParts(key: string, uploadId: string, source: ObjectSource, signal: AbortSignal): Promise<ObjectAnswer<null>> {
    const listed = await partsOf(key, uploadId, signal);
    if (!listed.ok) return listed;
    const whole = createHash('sha256');
    const etags: string[] = [];
    for (let from = 0; from < source.sizeBytes; from += PART_BYTES) {
      const body = await source.read(from, Math.min(PART_BYTES, source.sizeBytes - from));
      whole.update(body);
      const number = etags.length + 1;
      const there = listed.value.get(number);
      if (there?.sizeBytes === body.length && there.etag === createHash('md5').update(body).digest('hex')) {
        etags.push(there.etag);
        continue;
      }
      const answer = await calls.ask({ method: 'PUT', key, query: { partNumber: String(number), uploadId }, body }, signal);
      if (!answer.ok) return answer;
      etags.push(unquoted(answer.headers.etag ?? ''));
    }
    const changed = differs(whole, source);
    if (changed !== null) {
      await giveUp(key, uploadId, signal);
      return changed;
    }
    return await complete(key, uploadId, etags, signal);
  }

  async function complete(key: string, uploadId: string, etags: readonly string[], signal: AbortSignal): Promise<ObjectAnswer<null>> {
    const parts = etags.map((etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>"${etag}"</ETag></Part>`).join('');
    const body = Buffer.from(`<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts}</CompleteMultipartUpload>`);
    const answer = await calls.ask({ method: 'POST', key, query: { uploadId }, headers: NEVER_OVERWRITE, body, understands: WAS_FIRST }, signal);
    if (!answer.ok) return answer;
    if (WAS_FIRST.includes(answer.status)) {
      await giveUp(key, uploadId, signal);
      return DONE;
    }
    if (isCompleted(answer.text)) return DONE;
    const { code, message } = readError(answer.text);
    return failure('unreachable', `the object store ${place.name} did not put ${place.bucket}/${key} together: ${code} ${message}; the next attempt goes on with its parts`);
  }

  return async (key, source, signal) => {
    if (source.sizeBytes > PART_BYTES * PARTS_MAX) throw new Error(`${source.sizeBytes} bytes are more than S3 takes in ${PARTS_MAX} parts`);
    if (source.sizeBytes <= PART_BYTES) return await putWhole(key, source, signal);
    for (let beginning = 1; ; beginning += 1) {
      const begun = await begin(key, source, signal);
      if (!begun.ok) return begun;
      const put = await putParts(key, begun.value, source, signal);
      if (put.ok || put.code !== 'not-there' || beginning === BEGINNINGS_MAX) return put;
    }
  };
}

function differs(hash: Hash, { digest }: ObjectSource): Failure<ObjectStoreCode> | null {
  const read = hash.digest('hex');
  return read === digest ? null : failure('source-changed', `what was read has sha256 ${read} and not ${digest}: nothing was stored; take another copy of it`);
}
