import { type Command, Option } from 'commander';

import { createCsr, generateCertificateKey } from '../../../shared/trust/create-csr.ts';
import { CliError } from '../cli-error.ts';
import { defaultOperatorFile } from '../connection/find-connection.ts';
import { exists, writeOperatorFile } from '../connection/operator-file.ts';
import type { CliContext } from '../context.ts';
import { printFacts } from '../print/print-table.ts';

interface Options {
  readonly role: 'viewer' | 'operator' | 'admin';
  readonly out?: string;
}

const EXAMPLE = `
The key is made here and never sent; the file is readable by its owner only. An operator of the
same name loses the certificate before.

Example:
  farrier operator create alice --role operator --out alice.json`;

const ROLES = { viewer: 'ROLE_VIEWER', operator: 'ROLE_OPERATOR', admin: 'ROLE_ADMIN' } as const;

export function operatorCreate(parent: Command, context: CliContext): void {
  parent
    .command('create')
    .description('make the file with which a person reaches the coordinator')
    .argument('<name>', 'of the person, as the audit log will show it')
    .addOption(new Option('--role <role>', 'what they may do').choices(['viewer', 'operator', 'admin']).makeOptionMandatory())
    .option('--out <file>', 'where to write it (default: your own operator file)')
    .addHelpText('after', EXAMPLE)
    .action(async (name: string, { role, out }: Options) => {
      const path = out ?? defaultOperatorFile(context.io);
      // Asked before anything is made: issuing a certificate ends the one before.
      if (await exists(path)) throw new CliError('bad-file', `${path} exists already, and may hold the only key that works`, 'name another file with --out, or move that one away');
      const privateKeyPem = generateCertificateKey();
      const issued = await context.withFleet(async (fleet) => await fleet.call('CreateOperator', { name, role: ROLES[role], csrPem: createCsr(name, privateKeyPem) }));
      const { fleet, certificatePem, caPem, apiAddress: server } = issued;
      await writeOperatorFile(path, { format: 'farrier-operator/v1', fleet, name, role, server, certificatePem, privateKeyPem, caPem });
      context.show({ name, role, fleet, server, file: path }, () => [
        ...printFacts([
          ['operator', name],
          ['role', role],
          ['fleet', fleet],
          ['server', server],
          ['file', path],
        ]),
        '',
        `it is used by: farrier --operator ${path} node ls`,
        'or without saying so at ~/.config/farrier/operator.json',
      ]);
    });
}
