import type { ListedObject } from '../../ports/object-store.ts';

/** What S3 answers, which is XML of elements without attributes that anybody needs. What is missing is ''. */
export interface S3Error {
  readonly code: string;
  readonly message: string;
}

export interface ListedPart {
  readonly number: number;
  readonly sizeBytes: number;
  /** md5 of its bytes, but where the server encrypts. */
  readonly etag: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Where the next page begins; null: this was the last. */
  readonly next: string | null;
}

const SAID_MAX = 200;

export function readError(xml: string): S3Error {
  const [error = ''] = elements(xml, 'Error');
  const clean = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, ' ').slice(0, SAID_MAX);
  return { code: clean(textOf(error, 'Code')), message: clean(textOf(error, 'Message')) };
}

export function readUploadId(xml: string): string {
  return textOf(xml, 'UploadId');
}

/** Ids of uploads of exactly this key that were begun and not ended, the newest first. */
export function readUploads(xml: string, key: string): readonly string[] {
  const uploads = elements(xml, 'Upload').filter((upload) => textOf(upload, 'Key') === key);
  return uploads.map((upload) => ({ id: textOf(upload, 'UploadId'), begun: textOf(upload, 'Initiated') })).toSorted((a, b) => (a.begun < b.begun ? 1 : -1)).map(({ id }) => id);
}

export function readParts(xml: string): Page<ListedPart> {
  const items = elements(xml, 'Part').map((part) => ({ number: Number(textOf(part, 'PartNumber')), sizeBytes: Number(textOf(part, 'Size')), etag: unquoted(textOf(part, 'ETag')) }));
  return { items, next: nextOf(xml, 'NextPartNumberMarker') };
}

export function readObjects(xml: string): Page<ListedObject> {
  const items = elements(xml, 'Contents').map((object) => ({ key: textOf(object, 'Key'), sizeBytes: Number(textOf(object, 'Size')) }));
  return { items, next: nextOf(xml, 'NextContinuationToken') };
}

/** A 200 may hold an error: it was sent before the server knew. */
export function isCompleted(xml: string): boolean {
  return elements(xml, 'CompleteMultipartUploadResult').length > 0;
}

export function unquoted(etag: string): string {
  return etag.replaceAll('"', '');
}

function nextOf(xml: string, name: string): string | null {
  return textOf(xml, 'IsTruncated') === 'true' ? textOf(xml, name) : null;
}

function textOf(xml: string, name: string): string {
  return unescaped(elements(xml, name)[0] ?? '');
}

function elements(xml: string, name: string): readonly string[] {
  return [...xml.matchAll(new RegExp(`<${name}(?: [^>]*)?>([^]*?)</${name}>`, 'g'))].map(([, inner = '']) => inner);
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replaceAll(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(amp|lt|gt|quot|apos));/g, (_all, decimal?: string, hex?: string, name = '') => ENTITIES[name as string] ?? String.fromCodePoint(Math.min(0x10ffff, Number(decimal ?? `0x${hex ?? '0'}`))));
}
