import { readFile } from 'node:fs/promises';

import { parseIdentityFile } from '../../../shared/age/identity-file.ts';
import type { Identity } from '../../../shared/age/age-keys.ts';
import { newestFirst } from '../../../shared/domain/snapshot.ts';
import { failure, type Failure } from '../../../shared/trust/failure.ts';
import { proveSnapshot } from '../prove/prove-snapshot.ts';
import { keepProof, PROOF_MAX_MS } from './keep-proof.ts';
import type { WorkContext } from './work-context.ts';
import type { WorkEnd } from './work-end.ts';
import type { ProveWork } from './snapshot-work.ts';

/** Restores one in the scratch folder and compares. */
export async function proveWork(work: ProveWork, context: WorkContext, signal: AbortSignal): Promise<WorkEnd> {
  const { settings, node, fleet, catalogue, say, memberAt, programs, clock } = context;
  const { records } = await catalogue.list();
  const record = work.snapshot === null ? newestFirst(records)[0] : records.find(({ id }) => id === work.snapshot);
  if (record === undefined) return failure('not-found', `there is no ${work.snapshot === null ? 'snapshot' : `whole snapshot ${work.snapshot}`} on this host; \`farrier-agent snapshot ls\` shows what there is`);
  if (work.by !== 'person') {
    const { may, reason } = await context.mayProve(signal);
    if (!may) return failure('may-not-prove', `snapshot ${record.id} was not proved: ${reason}`);
  }
  const identities = work.identityFile === null ? [] : await identitiesIn(work.identityFile);
  if (!Array.isArray(identities)) return identities;
  if (record.sealed !== null && identities.length === 0) {
    return failure('not-opened', `snapshot ${record.id} is sealed, and this host keeps no key to it: name a file with one by --identity FILE, or prove a new one while it is taken: farrier-agent snapshot take --prove`);
  }
  const proof = await proveSnapshot({
    record, path: catalogue.pathOf(record.id), identities, toolsFolder: settings.toolsFolder, scratchFolder: settings.scratchFolder, programs, memberAt,
    prover: { fleet, node }, maxMs: PROOF_MAX_MS, clock, onPhase: (phase) => say(`proves it: ${phase}`),
  }, signal);
  if (!proof.ok) return { code: proof.code, message: `the proof of snapshot ${record.id} failed in phase ${proof.phase}: ${proof.message}`, snapshot: record.id };
  const { comparisons, tools } = proof.record;
  const same = comparisons.filter(({ outcome }) => outcome === 'same').length;
  return { code: 'ok', message: `snapshot ${record.id} was restored by ${tools.restore}; ${same} of ${comparisons.length} comparisons could be made, and all of them hold`, snapshot: record.id, proof: await keepProof(record, proof.record, context) };
}

/** No message repeats what stands in it. */
async function identitiesIn(path: string): Promise<Identity[] | Failure<'bad-identity'>> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => error);
  if (typeof text !== 'string') return failure('bad-identity', `the key file ${path} cannot be read: ${text.code ?? text.message}`);
  const parsed = parseIdentityFile(text);
  return parsed.ok ? [...parsed.identities] : failure('bad-identity', `the key file ${path} cannot be used: ${parsed.message}`);
}
