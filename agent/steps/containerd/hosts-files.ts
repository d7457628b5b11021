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
export function hostsFiles({ configPath, hosts }: ContainerdRegistry): readonly ConfigFile[] {
  return hosts.map((host) => ({ path: join(configPath, host.host, 'hosts.toml'), text: hostsText(host) }));
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
