import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

import type { AddArtifactResponse__Output } from '../../shared/wire/messages.ts';
import { CliError } from './cli-error.ts';
import type { FleetConnection } from './connection/fleet-connection.ts';
import { errnoText } from './connection/operator-file.ts';
import type { CliContext } from './context.ts';
import { formatBytes } from './print/format-bytes.ts';
import { openProgress, type Progress } from './progress.ts';

const CHUNK_BYTES = 65_536;

export interface AddedFile extends AddArtifactResponse__Output {
  readonly sha256: string;
  readonly size: number;
}

/** Gives the coordinator a file that hosts fetch. @param mayBe looks at its sha256 before anything is sent, and throws where it is the wrong file. @throws CliError */
export async function addFile(context: CliContext, fleet: FleetConnection, file: string, name: string, mayBe: (sha256: string) => void = () => undefined): Promise<AddedFile> {
  const size = await sizeOf(file);
  const progress = openProgress(context);
  try {
    const sha256 = await sha256Of(file, size, progress);
    mayBe(sha256);
    const added = await fleet.addArtifact({ sha256, size, name }, sent(file, size, progress), context.io.signal);
    return { ...added, sha256, size };
  } finally {
    progress.end();
  }
}

async function sizeOf(file: string): Promise<number> {
  const found = await stat(file).catch((cause: unknown) => unreadable(file, cause));
  if (!found.isFile()) throw new CliError('bad-file', `${file} is no file`, 'name one file; a folder has to be packed first');
  if (found.size === 0) throw new CliError('bad-file', `${file} is empty`, 'check the path');
  return found.size;
}

async function sha256Of(file: string, size: number, progress: Progress): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of read(file, size, (text) => progress.show(`reading ${text}`))) hash.update(chunk);
  return hash.digest('hex');
}

function sent(file: string, size: number, progress: Progress): AsyncGenerator<Buffer> {
  return read(file, size, (text) => progress.show(`sent ${text}`));
}

async function* read(file: string, size: number, say: (text: string) => void): AsyncGenerator<Buffer> {
  let length = 0;
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>) {
      yield chunk;
      length += chunk.length;
      say(`${formatBytes(length)} of ${formatBytes(size)}, ${Math.floor((100 * length) / size)}%`);
    }
  } catch (cause) {
    unreadable(file, cause);
  }
}

function unreadable(file: string, cause: unknown): never {
  throw new CliError('bad-file', `${file} cannot be read: ${errnoText(cause)}`, 'check the path and who may read it');
}
