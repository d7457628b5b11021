import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { verifyEnvelope } from '../../shared/trust/dsse.ts';
import type { Envelope } from '../../shared/trust/envelope.ts';
import { envelopeFromJson, envelopeToJson } from '../../shared/trust/envelope-json.ts';
import { failure, type Failure } from '../../shared/trust/failure.ts';
import { TRUST_DOCUMENT_TYPE } from '../../shared/trust/payload-types.ts';
import { readTrustDocument, verifyTrustDocument, type TrustCode, type TrustDocument } from '../../shared/trust/trust-document.ts';
import { writeDurably } from '../../shared/files/write-durably.ts';
import { identityFolder } from './identity-files.ts';
import { oneIdentityWriter } from './identity-lock.ts';
import type { AgentIdentity } from './load-identity.ts';

export type LoadedTrust = { readonly ok: true; readonly document: TrustDocument } | Failure<'identity-broken'>;

export type StoredTrust = { readonly ok: true; readonly document: TrustDocument; readonly changed: boolean } | Failure<TrustCode | 'identity-broken'>;

type Pinned = Pick<AgentIdentity, 'rootKey' | 'fleet'>;

/** The newest trust document that this host has seen. It may have expired since: look at `expiresUnixMs` before taking a new command. */
export async function loadTrust(stateDir: string, { rootKey, fleet }: Pinned): Promise<LoadedTrust> {
  const envelope = await readEnvelope(trustPath(stateDir));
  if (envelope === null) return broken(stateDir, 'cannot be read');
  const verified = verifyEnvelope(envelope, [rootKey], TRUST_DOCUMENT_TYPE);
  if (!verified.ok) return broken(stateDir, verified.message);
  const document = readTrustDocument(verified.payload);
  return document === null || document.fleet !== fleet ? broken(stateDir, 'is of another fleet or format') : { ok: true, document };
}

/** Takes a newer document, durably before it counts. The one that is there already changes nothing; an older one is refused. */
export async function storeTrust(stateDir: string, pinned: Pinned, envelope: Envelope, nowUnixMs: number): Promise<StoredTrust> {
  return await oneIdentityWriter(async () => {
    const present = await loadTrust(stateDir, pinned);
    if (!present.ok) return present;
    const verified = verifyTrustDocument(envelope, { ...pinned, versionFloor: present.document.version, nowUnixMs });
    if (!verified.ok) return verified;
    // The first document of a version stands.
    if (verified.document.version === present.document.version) return { ok: true, document: present.document, changed: false };
    await writeDurably(trustPath(stateDir), `${JSON.stringify(envelopeToJson(envelope))}\n`);
    return { ok: true, document: verified.document, changed: true };
  });
}

function trustPath(stateDir: string): string {
  return join(identityFolder(stateDir), 'trust.json');
}

async function readEnvelope(path: string): Promise<Envelope | null> {
  try {
    return envelopeFromJson(JSON.parse(await readFile(path, 'utf8')) as unknown);
  } catch {
    return null;
  }
}

function broken(stateDir: string, why: string): Failure<'identity-broken'> {
  return failure('identity-broken', `${trustPath(stateDir)} ${why}; enroll again: farrier-agent enroll --force`);
}
