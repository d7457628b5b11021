import { readFile } from 'node:fs/promises';

import { readHeader } from '../../shared/age/age-header.ts';
import { type Identity, parseRecipient } from '../../shared/age/age-keys.ts';
import { wrapFileKey } from '../../shared/age/age-stanza.ts';
import { parseIdentityFile } from '../../shared/age/identity-file.ts';
import { stanzaLine } from '../../shared/age/stanza-line.ts';
import type { PlanRestoreResponse__Output } from '../../shared/wire/messages.ts';
import { CliError } from './cli-error.ts';
import { errnoText } from './connection/operator-file.ts';

export interface HandedKey {
  readonly node: string;
  readonly stanza: string;
}

/**
 * Opens the header of a sealed snapshot with the offline key, here, and wraps the file key for each host. Neither the offline
 * key nor the file key leaves this process; what was sealed stays as it is.
 *
 * @param identityFile as age-keygen writes it; undefined where none was named
 */
export async function handOverKeys({ snapshot, header, hosts }: Pick<PlanRestoreResponse__Output, 'snapshot' | 'header' | 'hosts'>, identityFile: string | undefined): Promise<readonly HandedKey[]> {
  if ((snapshot?.sealed ?? null) === null) return [];
  if (identityFile === undefined) throw new CliError('usage', 'the snapshot is sealed, and this names no key that opens it', 'give the file of an offline key: --identity FILE');
  const opened = readHeader(header, await identitiesIn(identityFile));
  if (opened === null) throw new CliError('refused', 'the header of the sealed snapshot is not whole', 'take another copy of it');
  if (!opened.ok) throw new CliError('refused', `the sealed snapshot cannot be opened: ${opened.message}`, 'give the key that it was sealed for');
  return hosts.map(({ node, recipient }) => {
    const parsed = parseRecipient(recipient);
    if (!parsed.ok) throw new CliError('refused', `${node} has told no key that a snapshot could be sealed for`, 'upgrade its agent, or see farrier node show there');
    return { node, stanza: stanzaLine(wrapFileKey(opened.fileKey, parsed.recipient)) };
  });
}

async function identitiesIn(path: string): Promise<readonly Identity[]> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new CliError('bad-file', `${path} cannot be read: ${errnoText(cause)}`, 'check the path and who may read it');
  });
  const parsed = parseIdentityFile(text);
  if (!parsed.ok) throw new CliError('bad-file', `${path} holds no usable key: ${parsed.message}`, 'give a file as age-keygen writes it');
  return parsed.identities;
}
