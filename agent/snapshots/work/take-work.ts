import { parseRecipient, type Recipient } from '../../../shared/age/age-keys.ts';
import type { Clock } from '../../../shared/ports/clock.ts';
import { failure, type Failure } from '../../../shared/trust/failure.ts';
import { megabytes } from '../megabytes.ts';
import { sizeText } from '../size-text.ts';
import { takeSnapshot } from '../take-snapshot.ts';
import type { SnapshotProgress } from '../snapshot-order.ts';
import { tokenText } from '../token-text.ts';
import { keepProof, PROOF_MAX_MS } from './keep-proof.ts';
import { pruneWork } from './prune-work.ts';
import type { WorkContext } from './work-context.ts';
import type { WorkEnd } from './work-end.ts';
import type { TakeWork } from './snapshot-work.ts';

/** Takes one, proves it where that was asked for, and then deletes what the settings do not keep. */
export async function takeWork(work: TakeWork, context: WorkContext, signal: AbortSignal): Promise<WorkEnd> {
  const { settings, node, fleet, catalogue, say, memberAt, memberOf, programs, clock, random } = context;
  const found = await context.findDatastore(signal);
  if (!found.ok) return found;
  const recipients = recipientsOf([...settings.recipients, ...work.recipients]);
  if (!Array.isArray(recipients)) return recipients;
  if (work.prove && work.by !== 'person') {
    const { may, reason } = await context.mayProve(signal);
    if (!may) return failure('may-not-prove', `no snapshot was taken: ${reason}`);
  }
  const taken = await takeSnapshot({
    datastore: found.datastore, cluster: work.cluster ?? settings.cluster, node, recipients, folder: context.takenFolder, maxBytesPerS: settings.maxBytesPerS,
    prove: work.prove ? { fleet, toolsFolder: settings.toolsFolder, memberAt, maxMs: PROOF_MAX_MS } : null,
    scratch: { scratchFolder: settings.scratchFolder, programs }, memberOf, onProgress: shownBy(say, clock), clock, random,
  }, signal);
  if (!taken.ok) return taken;
  const { record, proof } = taken;
  const { id } = record;
  if (proof?.ok === false) return { code: proof.code, message: `snapshot ${id} was taken, and its proof failed in phase ${proof.phase}: ${proof.message}`, snapshot: id };
  const envelope = proof === null ? null : await keepProof(record, proof.record, context);
  const pruned = await pruneWork({ catalogue, settings, clock });
  return { code: 'ok', message: `snapshot ${id} of ${sizeText(record)}${proof === null ? '' : ', proved'}${pruned.each === undefined || pruned.each.length === 0 ? '' : `; ${pruned.message}`}${tokenText(record)}`, snapshot: id, proof: envelope, each: pruned.each ?? [] };
}

function recipientsOf(texts: readonly string[]): Recipient[] | Failure<'bad-recipient'> {
  const recipients: Recipient[] = [];
  for (const text of new Set(texts)) {
    const parsed = parseRecipient(text);
    if (!parsed.ok) return failure('bad-recipient', `it cannot be sealed for one of its keys: ${parsed.message}`);
    recipients.push(parsed.recipient);
  }
  return recipients;
}

/** A datastore comes in small pieces: nobody looks as often. */
const SHOW_EVERY_MS = 200;

function shownBy(say: (doing: string) => void, clock: Clock): (progress: SnapshotProgress) => void {
  let shownMs = -Infinity;
  return (progress) => {
    if (progress.doing === 'take' && clock.monotonicMs() - shownMs < SHOW_EVERY_MS) return;
    if (progress.doing === 'take') shownMs = clock.monotonicMs();
    say(textOf(progress));
  };
}

function textOf(progress: SnapshotProgress): string {
  switch (progress.doing) {
    case 'look': return 'asks the datastore what it holds';
    case 'take': return `takes it: ${megabytes(progress.takenBytes)} of ${megabytes(progress.takenBytes + progress.remainingBytes)}`;
    case 'prove': return `proves it: ${progress.phase}`;
  }
}
