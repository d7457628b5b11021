import { chmod, mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';

import type { ProofToolRef, SnapshotAction } from '../../../shared/domain/snapshot-command.ts';
import { envelopeToJson } from '../../../shared/trust/envelope-json.ts';
import { failure } from '../../../shared/trust/failure.ts';
import { signSnapshotProof } from '../../../shared/trust/snapshot-proof.ts';
import type { Artifacts } from '../../ports/artifacts.ts';
import { proveSnapshot } from '../prove/prove-snapshot.ts';
import { PROOF_MAX_MS } from '../work/keep-proof.ts';
import type { WorkContext } from '../work/work-context.ts';
import type { CommandDone, CommandHost } from './command-host.ts';

/** Proves another host's snapshot: its sealed bytes are fetched anew each time, for how long that takes is part of what a drill measures. */
export async function proveOrdered({ snapshot, tools }: Extract<SnapshotAction, { readonly kind: 'prove' }>, { artifacts, hostIdentity }: CommandHost, context: WorkContext, signal: AbortSignal): Promise<CommandDone> {
  const { settings, say, clock, node, fleet, keyPem, programs, memberAt } = context;
  const { may, reason } = await context.mayProve(signal);
  if (!may) return failure('may-not-prove', `snapshot ${snapshot.id} was not proved: ${reason}`);
  if (snapshot.sealed === null || keyPem === null) return failure('no-prover', keyPem === null ? 'this host has no identity to sign a proof with' : 'it is not sealed: such a snapshot leaves its host for no other');
  const folder = `${settings.scratchFolder}-fetched`;
  const beganMs = clock.monotonicMs();
  await rm(folder, { recursive: true, force: true });
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    say('fetches it');
    const fetched = await artifacts.fetch({ sha256: snapshot.sealed.digest, size: snapshot.sealed.sizeBytes }, folder, signal);
    if (!fetched.ok) return failure('no-prover', `its sealed bytes did not arrive: ${fetched.outcome.message}`);
    const fetchMs = Math.round(clock.monotonicMs() - beganMs);
    const toolsFolder = tools.length === 0 ? settings.toolsFolder : await fetchTools(tools, join(folder, 'tools'), artifacts, signal);
    if (toolsFolder === null) return failure('no-prover', 'the programs of etcd that prove it did not arrive from the coordinator; farrier artifact ls');
    const proof = await proveSnapshot({
      record: snapshot, path: fetched.path, identities: [await hostIdentity()], toolsFolder, scratchFolder: settings.scratchFolder, programs, memberAt,
      prover: { fleet, node }, maxMs: PROOF_MAX_MS, clock, onPhase: (phase) => say(`proves it: ${phase}`),
    }, signal);
    if (!proof.ok) return { code: proof.code, message: `the proof of snapshot ${snapshot.id} failed in phase ${proof.phase}: ${proof.message}`, fetchMs };
    return { code: 'ok', message: `snapshot ${snapshot.id} was restored by ${proof.record.tools.restore} and compared`, proof: envelopeToJson(signSnapshotProof(proof.record, keyPem)), fetchMs };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @returns null where one of them does not come. */
async function fetchTools(tools: readonly ProofToolRef[], folder: string, artifacts: Artifacts, signal: AbortSignal): Promise<string | null> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const { name, sha256, size } of tools) {
    const fetched = await artifacts.fetch({ sha256, size }, folder, signal);
    if (!fetched.ok) return null;
    await chmod(fetched.path, 0o700);
    await symlink(fetched.path, join(folder, name));
  }
  return folder;
}
