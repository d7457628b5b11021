import type { Command } from 'commander';
import { basename } from 'node:path';

import { addFile } from '../add-file.ts';
import type { CliContext } from '../context.ts';
import { printFacts } from '../print/print-table.ts';

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
      const { artifact, layHereAlready, sha256, size } = await context.withFleet(async (fleet) => await addFile(context, fleet, file, name));
      context.show({ artifact, layHereAlready }, () => [
        ...printFacts([['artifact', artifact?.name ?? name], ['sha256', sha256], ['size', String(size)]]),
        ...(layHereAlready ? ['it was there already; nothing was sent'] : []),
      ]);
    });
}
