import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** As much of S3 as snapshots need, on the loopback, in memory; it checks the digests of what comes and no signature. */
export interface TinyS3 {
  readonly endpoint: string;
  /** `METHOD /path?query`, in the order in which they came. */
  readonly asked: string[];
  /** Answers instead of the server where it returns true; asked for each request. */
  disturb: (request: IncomingMessage, response: ServerResponse) => boolean;
  dispose(): Promise<void>;
}

interface Stored {
  readonly bytes: Buffer;
  readonly digest: string;
}

interface Begun {
  readonly key: string;
  readonly digest: string;
  readonly parts: Map<number, Buffer>;
}

/** Small, so that a test of a few has several. */
const PAGE = 2;

export async function startTinyS3(): Promise<TinyS3> {
  const objects = new Map<string, Stored>();
  const uploads = new Map<string, Begun>();
  const asked: string[] = [];
  const server = createServer((request, response) => void serve(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const tiny: TinyS3 = {
    endpoint: `http://127.0.0.1:${port}`,
    asked,
    disturb: () => false,
    dispose: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request;
    asked.push(`${method} ${url}`);
    if (tiny.disturb(request, response)) return;
    const pieces: Buffer[] = [];
    for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
    const body = Buffer.concat(pieces);
    if (request.headers['x-amz-content-sha256'] !== sha256(body)) return end(response, 400, error('XAmzContentSHA256Mismatch'));
    const { pathname, searchParams } = new URL(url, tiny.endpoint);
    const key = pathname.split('/').slice(2).map(decodeURIComponent).join('/');
    const digest = String(request.headers['x-amz-meta-sha256'] ?? '');
    const upload = searchParams.get('uploadId');
    if (key === '') return searchParams.has('uploads') ? listUploads(searchParams, response) : listObjects(searchParams, response);
    if (upload !== null) return ofUpload(method, upload, searchParams, request, body, response);
    if (method === 'POST') {
      const id = randomUUID();
      uploads.set(id, { key, digest, parts: new Map() });
      return end(response, 200, `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
    }
    if (method === 'PUT') return store(key, { bytes: body, digest }, request, response, '');
    if (method === 'DELETE') return end(response, objects.delete(key) ? 204 : 204, '');
    const found = objects.get(key);
    if (found === undefined) return end(response, 404, method === 'HEAD' ? '' : error('NoSuchKey'));
    const [, from = '0', to = ''] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    const given = to === '' ? found.bytes : found.bytes.subarray(Number(from), Number(to) + 1);
    response.writeHead(to === '' ? 200 : 206, { 'content-length': given.length, 'x-amz-meta-sha256': found.digest });
    response.end(method === 'HEAD' ? undefined : given);
  }

  function store(key: string, stored: Stored, request: IncomingMessage, response: ServerResponse, said: string): void {
    if (request.headers['if-none-match'] === '*' && objects.has(key)) return end(response, 412, error('PreconditionFailed'));
    objects.set(key, stored);
    end(response, 200, said);
  }

  function ofUpload(method: string, id: string, query: URLSearchParams, request: IncomingMessage, body: Buffer, response: ServerResponse): void {
    const begun = uploads.get(id);
    if (begun === undefined) return end(response, 404, error('NoSuchUpload'));
    const number = Number(query.get('partNumber'));
    if (method === 'PUT') {
      begun.parts.set(number, body);
      response.setHeader('etag', `"${md5(body)}"`);
      return end(response, 200, '');
    }
    if (method === 'GET') {
      const after = Number(query.get('part-number-marker'));
      const rest = [...begun.parts].filter(([at]) => at > after).toSorted(([a], [b]) => a - b);
      const shown = rest.slice(0, PAGE).map(([at, bytes]) => `<Part><PartNumber>${at}</PartNumber><ETag>&quot;${md5(bytes)}&quot;</ETag><Size>${bytes.length}</Size></Part>`);
      return end(response, 200, `<ListPartsResult>${page(rest.length, 'NextPartNumberMarker', rest[PAGE - 1]?.[0])}${shown.join('')}</ListPartsResult>`);
    }
    if (method === 'POST') {
      const bytes = Buffer.concat([...begun.parts].toSorted(([a], [b]) => a - b).map(([, part]) => part));
      const etags = [...body.toString().matchAll(/<ETag>"([0-9a-f]+)"</g)].map(([, etag]) => etag);
      if (etags.length !== begun.parts.size || etags.some((etag, index) => etag !== md5(begun.parts.get(index + 1) ?? Buffer.alloc(0)))) return end(response, 400, error('InvalidPart'));
      store(begun.key, { bytes, digest: begun.digest }, request, response, '<CompleteMultipartUploadResult></CompleteMultipartUploadResult>');
      if (response.statusCode === 200) uploads.delete(id);
      return;
    }
    uploads.delete(id);
    end(response, 204, '');
  }

  function listUploads(query: URLSearchParams, response: ServerResponse): void {
    const found = [...uploads].filter(([, { key }]) => key.startsWith(query.get('prefix') ?? ''));
    end(response, 200, `<ListMultipartUploadsResult>${found.map(([id, { key }], index) => `<Upload><Key>${escaped(key)}</Key><UploadId>${id}</UploadId><Initiated>2026-01-01T00:00:0${index}Z</Initiated></Upload>`).join('')}</ListMultipartUploadsResult>`);
  }

  function listObjects(query: URLSearchParams, response: ServerResponse): void {
    const after = query.get('continuation-token') ?? '';
    const rest = [...objects].filter(([key]) => key.startsWith(query.get('prefix') ?? '') && key > after).toSorted(([a], [b]) => (a < b ? -1 : 1));
    const shown = rest.slice(0, PAGE).map(([key, { bytes }]) => `<Contents><Key>${escaped(key)}</Key><Size>${bytes.length}</Size></Contents>`);
    end(response, 200, `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${page(rest.length, 'NextContinuationToken', rest[PAGE - 1]?.[0])}${shown.join('')}</ListBucketResult>`);
  }

  return tiny;
}

function page(left: number, name: string, last: string | number | undefined): string {
  return left > PAGE ? `<IsTruncated>true</IsTruncated><${name}>${escaped(String(last))}</${name}>` : '<IsTruncated>false</IsTruncated>';
}

function end(response: ServerResponse, status: number, body: string): void {
  response.statusCode = status;
  response.end(body);
}

function error(code: string): string {
  return `<Error><Code>${code}</Code><Message>no &amp; never</Message></Error>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;');
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex');
}
