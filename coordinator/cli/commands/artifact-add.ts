import type { Command } from 'commander';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';

import { CliError } from '../cli-error.ts';
import { errnoText } from '../connection/operator-file.ts';
import type { CliContext } from '../context.ts';
import { formatBytes } from '../print/format-bytes.ts';
import { printFacts } from '../print/print-table.ts';
import { openProgress, type Progress } from '../progress.ts';

const CHUNK_BYTES = 65_536;

const EXAMPLE = `
A plan names an artifact by its sha256 and size. Hosts fetch it while they stage and verify it
themselves; one that was carried there as /var/cache/farrier-agent/artifacts/SHA256 is not fetched.

Example:
  farrier artifact add k3s --name k3s-v1.34.1-amd64
  farrier artifact add k3s-airgap-images-amd64.tar.zst`;

export function artifactAdd(parent: Command, context: CliContext): void {
  parent
    .command('add')
    .description('give the coordinator a file that hosts fetch; prints its sha256 and size')
    .argument('<file>')
    .option('--name <name>', 'for people; the file’s own name otherwise')
    .addHelpText('after', EXAMPLE)
    .action(async (file: string, { name = basename(file) }: { readonly name?: string }) => {
      const size = await sizeOf(file);
      const progress = openProgress(context);
      try {
        const sha256 = await sha256Of(file, size, progress);
        const { artifact, layHereAlready } = await context.withFleet(async (fleet) => await fleet.addArtifact({ sha256, size, name }, sent(file, size, progress), context.io.signal));
        progress.end();
        context.show({ artifact, layHereAlready }, () => [
          ...printFacts([['artifact', artifact?.name ?? name], ['sha256', sha256], ['size', String(size)]]),
          ...(layHereAlready ? ['it was there already; nothing was sent'] : []),
        ]);
      } finally {
        progress.end();
      }
    });
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
