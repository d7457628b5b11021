import type { SnapshotAction, SnapshotCode, SnapshotCommand, SnapshotCommandId } from '../../../shared/domain/snapshot-command.ts';
import type { Envelope } from '../../../shared/trust/envelope.ts';
import { envelopeFromJson } from '../../../shared/trust/envelope-json.ts';
import { failure } from '../../../shared/trust/failure.ts';
import { SNAPSHOT_COMMAND_TYPE } from '../../../shared/trust/payload-types.ts';
import { decodeSnapshotCommand } from '../../../shared/wire/snapshot-command-codec.ts';
import { sendCopy } from '../../link/send-copy.ts';
import { COORDINATOR_CODES } from '../prove/proof-failure.ts';
import type { WorkContext } from '../work/work-context.ts';
import type { WorkEnd } from '../work/work-end.ts';
import { takeWork } from '../work/take-work.ts';
import { megabytes } from '../megabytes.ts';
import type { CommandDone, CommandHost } from './command-host.ts';
import { proveOrdered } from './prove-ordered.ts';

/** Carries out what was ordered and keeps how it ended, for the coordinator. This process believes nobody, the agent's word included. */
export async function commandWork(id: SnapshotCommandId, host: CommandHost, context: WorkContext, signal: AbortSignal): Promise<WorkEnd> {
  const command = await verifiedCommand(id, host, context);
  const done = typeof command === 'string' ? failure('refused', command) : await carryOut(command, host, context, signal);
  const { code, message, snapshot = null, proof = null, fetchMs = 0 }: CommandDone = done;
  const { records } = await context.catalogue.list();
  // A snapshot that was taken and not proved is there all the same.
  const taken = typeof command !== 'string' && command.action.kind === 'take' ? (records.find((record) => record.id === snapshot) ?? null) : null;
  await host.commands.end(id, { outcome: { command: id, code: codeOf(code), message: code === 'ok' ? '' : message, snapshot: taken, fetchMs }, proof: envelopeOf(proof) });
  return done;
}

async function verifiedCommand(id: SnapshotCommandId, { commands, verify }: CommandHost, { fleet, node }: WorkContext): Promise<SnapshotCommand | string> {
  const remembered = await commands.read(id);
  if (remembered === null) return 'the command is gone or cannot be read';
  const verified = verify(remembered.envelope, SNAPSHOT_COMMAND_TYPE);
  if (!verified.ok) return verified.message;
  const decoded = decodeSnapshotCommand(verified.payload);
  if (!decoded.ok) return `${decoded.error.field} ${decoded.error.message}`;
  const command = decoded.value;
  return command.id === id && command.fleet === fleet && command.node === node ? command : 'the stored command is another one than was accepted';
}

async function carryOut({ id, action }: SnapshotCommand, host: CommandHost, context: WorkContext, signal: AbortSignal): Promise<CommandDone> {
  switch (action.kind) {
    case 'take': {
      const { cluster, recipients, prove } = action;
      return await takeWork({ kind: 'take', id, by: 'command', prove, recipients, cluster }, context, signal);
    }
    case 'prove':
      return await proveOrdered(action, host, context, signal);
    case 'send':
      return await sendOrdered(action, host, context, signal);
    case 'delete':
      await context.catalogue.remove(action.snapshot);
      return { code: 'ok', message: `snapshot ${action.snapshot} was deleted` };
  }
}

async function sendOrdered({ snapshot }: Extract<SnapshotAction, { readonly kind: 'send' }>, { connectCopies }: CommandHost, { catalogue, say, clock }: WorkContext, signal: AbortSignal): Promise<CommandDone> {
  const { records } = await catalogue.list();
  const record = records.find(({ id }) => id === snapshot);
  if (record === undefined) return failure('not-found', `there is no whole snapshot ${snapshot} on this host`);
  // What holds a cluster's secrets leaves its host only so that nobody on the way can read them.
  if (record.sealed === null) return failure('send-failed', `snapshot ${snapshot} is not sealed, so it stays on this host: name recipients in the policy or in agent.yaml, and take another`);
  const client = await connectCopies();
  try {
    const { digest, sizeBytes } = record.sealed;
    const sent = await sendCopy(client, { path: catalogue.pathOf(snapshot), sha256: digest, sizeBytes, clock, onProgress: (bytes) => say(`sends it: ${megabytes(bytes)} of ${megabytes(sizeBytes)}`) }, signal);
    return sent.ok ? { code: 'ok', message: `snapshot ${snapshot} lies on the coordinator`, snapshot } : sent;
  } finally {
    client.close();
  }
}

/** What became of it here, in the few words that the coordinator knows. */
const CODES: Readonly<Record<string, SnapshotCode>> = {
  ...COORDINATOR_CODES, ok: 'ok', refused: 'refused', 'not-found': 'not-found', 'send-failed': 'send-failed', 'snapshot-running': 'running', 'may-not-prove': 'no-prover', 'no-prover': 'no-prover', stopped: 'interrupted',
};

/** All else that a taking can end with is its own: the datastore, the disk, the settings. */
function codeOf(code: string): SnapshotCode {
  return CODES[code] ?? 'snapshot-failed';
}

function envelopeOf(proof: WorkEnd['proof']): Envelope | null {
  return proof === null || proof === undefined ? null : envelopeFromJson(proof);
}
