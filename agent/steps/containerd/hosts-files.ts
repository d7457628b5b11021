import { lstat } from 'node:fs/promises';
import { join } from 'node:path';

import type { ContainerdRegistry, RegistryHost, RegistryMirror } from '../../../shared/domain/steps/containerd-spec.ts';
import { writtenKey, writtenValue } from '../../toml/toml-style.ts';

/** A file as it is to be. */
export interface ConfigFile {
  readonly path: string;
  readonly text: string;
}

/**
 * The hosts.toml files below `config_path`, https://github.com/containerd/containerd/blob/main/docs/hosts.md: containerd reads
 * them at every pull and needs no restart. Each is wholly the plan's; mirrors are asked in the order in which they stand.
 */
export async function hostsFiles({ configPath, hosts }: ContainerdRegistry): Promise<readonly ConfigFile[]> {
  return Promise.all(hosts.map(async (host) => ({ path: join(await folderOf(configPath, host.host), 'hosts.toml'), text: hostsText(host) })));
}

/** containerd looks for `HOST_PORT_` before `HOST:PORT`, and reads one of them alone. */
async function folderOf(configPath: string, host: string): Promise<string> {
  const first = join(configPath, host.replace(/:(\d+)$/, '_$1_'));
  return (await lstat(first).catch(() => null)) === null ? join(configPath, host) : first;
}

function hostsText({ server, mirrors }: RegistryHost): string {
  const top = server === null ? [] : [`server = ${writtenValue(server, '"')}`];
  return `${[...top, ...mirrors.map(mirrorText)].join('\n\n')}\n`;
}

function mirrorText({ url, capabilities, ca, skipVerify, overridePath }: RegistryMirror): string {
  return [
    `[host.${writtenKey(url, '"')}]`,
    `capabilities = ${writtenValue(capabilities, '"')}`,
    ...(ca === null ? [] : [`ca = ${writtenValue(ca, '"')}`]),
    ...(skipVerify ? ['skip_verify = true'] : []),
    ...(overridePath ? ['override_path = true'] : []),
  ].join('\n');
}
