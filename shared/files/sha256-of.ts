import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

/** Of a file's content, however large it is, in lower-case hex. @throws what the disk or the signal says */
export async function sha256Of(path: string, signal: AbortSignal | null = null): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash, signal === null ? {} : { signal });
  return hash.digest('hex');
}
