import { basename, dirname } from 'node:path';

import { redact } from '../../../shared/domain/redact.ts';
import type { K3sUnit } from '../../ports/k3s.ts';

/**
 * With what K3s' own install script would have to be called so that it writes this very unit again: run without, it loses
 * every argument. For a person on the host; secrets are left out.
 */
export function installLine(unit: string, { binary, args, environment }: K3sUnit): string {
  const name = unit.replace(/\.service$/, '');
  const variables = [
    'INSTALL_K3S_SKIP_DOWNLOAD=true',
    `INSTALL_K3S_BIN_DIR=${dirname(binary)}`,
    // The script puts `k3s-` in front of a name that was given.
    ...(name === 'k3s' || name === 'k3s-agent' ? [] : [`INSTALL_K3S_NAME=${name.replace(/^k3s-/, '')}`]),
    `INSTALL_K3S_EXEC=${quoted(redact(args.join(' ')))}`,
    ...environment.map((line) => `${line.slice(0, line.indexOf('='))}=${quoted(redact(line).slice(line.indexOf('=') + 1))}`),
  ];
  return `${basename(binary)} was installed as by: ${variables.join(' ')} install.sh\n`;
}

function quoted(text: string): string {
  return /^[\w./:=@+-]*$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
