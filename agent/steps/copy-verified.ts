import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';

export interface CopyOrder {
  readonly from: string;
  /** Overwritten where it is there; removed where the copy is not what it has to be. */
  readonly to: string;
  readonly sha256: string;
  readonly mode: number;
}

/**
 * Copies a file of any size and hashes the very bytes that it writes; the copy is fsynced, its name is the caller's to make
 * durable. @returns false where they are not those that were wanted, or `from` is gone. @throws what the disk says.
 */
export async function copyVerified({ from, to, sha256, mode }: CopyOrder, signal: AbortSignal): Promise<boolean> {
  const hash = createHash('sha256');
  await rm(to, { force: true });
  const file = await open(to, 'wx', 0o600);
  try {
    for await (const chunk of createReadStream(from, { signal }) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      await file.appendFile(chunk);
    }
    // After the bytes: nobody may run or read what is half there.
    await file.chmod(mode);
    await file.sync();
  } catch (error) {
    await rm(to, { force: true });
    signal.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  } finally {
    await file.close();
  }
  if (hash.digest('hex') === sha256) return true;
  await rm(to, { force: true });
  return false;
}
