import { createPublicKey } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { DEFAULT_SNAPSHOTS } from '../../../../agent/settings/snapshot-settings.ts';
import { openFolder } from '../../../../agent/snapshots/catalogue/open-folder.ts';
import { SnapshotCatalogue } from '../../../../agent/snapshots/catalogue/snapshot-catalogue.ts';
import { CommandFolder } from '../../../../agent/snapshots/commands/command-folder.ts';
import { commandWork } from '../../../../agent/snapshots/commands/command-work.ts';
import type { CommandHost } from '../../../../agent/snapshots/commands/command-host.ts';
import type { WorkContext } from '../../../../agent/snapshots/work/work-context.ts';
import type { SnapshotAction, SnapshotCode, SnapshotCommand } from '../../../../shared/domain/snapshot-command.ts';
import { generateIdentity } from '../../../../shared/age/age-keys.ts';
import { systemRandom } from '../../../../shared/ports/system-random.ts';
import { signEnvelope, verifyEnvelope } from '../../../../shared/trust/dsse.ts';
import { SNAPSHOT_COMMAND_TYPE } from '../../../../shared/trust/payload-types.ts';
import { generateSigningKey, type SigningKey } from '../../../../shared/trust/signing-key.ts';
import { trustedKeyOf } from '../../../../shared/trust/trusted-key.ts';
import { encodeSnapshotCommand } from '../../../../shared/wire/snapshot-command-codec.ts';
import { exampleSnapshot } from '../../../support/example-snapshot.ts';
import { manualClock } from '../../../support/manual-clock.ts';

const key = generateSigningKey();
const trusted = [trustedKeyOf(createPublicKey(key.privateKey))];
const ID = 'ab'.repeat(8);
const never = new AbortController().signal;
let folder: string;
let commands: CommandFolder;
let context: WorkContext;
let host: CommandHost;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'farrier-command-'));
  commands = new CommandFolder(folder);
  const unexpected = (): never => {
    throw new Error('nobody expects that');
  };
  host = {
    commands, verify: (envelope, type) => verifyEnvelope(envelope, trusted, type), connectCopies: unexpected, hostIdentity: async () => generateIdentity(),
    artifacts: { fetch: async () => ({ ok: false, outcome: { code: 'source-unreachable', message: 'the coordinator is away', object: '' } }) },
  };
  const taken = join(folder, 'taken');
  context = {
    settings: { ...DEFAULT_SNAPSHOTS, scratchFolder: join(folder, 'scratch') }, node: 'cp-1', fleet: 'demo', keyPem: 'a key', orders: host, liveFolder: folder, clock: manualClock(), random: systemRandom,
    findDatastore: async () => ({ ok: false, code: 'no-datastore', message: 'there is nothing to take a snapshot of' }), mayProve: async () => ({ may: true, reason: '' }), memberOf: unexpected, memberAt: unexpected,
    programs: { start: unexpected, endAll: async () => '' }, catalogue: new SnapshotCatalogue(await openFolder(taken)), takenFolder: taken, say: () => undefined,
  };
});
afterEach(() => rmSync(folder, { recursive: true }));

async function ordered(action: SnapshotAction, change: Partial<SnapshotCommand> = {}, signedWith: SigningKey = key): Promise<{ readonly code: SnapshotCode; readonly message: string }> {
  const command: SnapshotCommand = { id: ID, fleet: 'demo', node: 'cp-1', epoch: 7, issuedUnixMs: 1, expiresUnixMs: 2, action, ...change };
  await commands.remember({ id: ID, receivedUnixMs: 1, starts: 1, envelope: signEnvelope(SNAPSHOT_COMMAND_TYPE, encodeSnapshotCommand(command), signedWith) });
  await commandWork(ID, host, context, never);
  const { code = 'ok', message = '' } = (await commands.endOf(ID))?.outcome ?? {};
  return { code, message };
}

const DELETE = { kind: 'delete', snapshot: 'f00d' } as const;

test('what lies on this host’s disk is believed no more than what comes over the link', async () => {
  expect((await ordered(DELETE, {}, generateSigningKey())).code).toBe('refused');
  expect((await ordered(DELETE, { node: 'cp-2' })).message).toContain('another one than was accepted');
  expect((await ordered(DELETE, { id: 'cd'.repeat(8) })).code).toBe('refused');
  // What was accepted in time is finished, however long its turn took.
  expect(await ordered(DELETE)).toEqual({ code: 'ok', message: '' });
});

test('what cannot be done says why, in words that the coordinator knows', async () => {
  expect(await ordered({ kind: 'take', cluster: 'prod', recipients: [], prove: false })).toEqual({ code: 'snapshot-failed', message: 'there is nothing to take a snapshot of' });
  expect(await ordered({ kind: 'send', snapshot: 'f00d' })).toMatchObject({ code: 'not-found' });
  const prove = { kind: 'prove', snapshot: exampleSnapshot(), tools: [] } as const;
  expect(await ordered(prove)).toEqual({ code: 'no-prover', message: 'its sealed bytes did not arrive: the coordinator is away' });
  expect(await ordered({ ...prove, snapshot: exampleSnapshot({ sealed: null }) })).toMatchObject({ code: 'no-prover', message: expect.stringContaining('it is not sealed') as string });
  context = { ...context, mayProve: async () => ({ may: false, reason: 'this host is one of a control plane' }) };
  expect(await ordered(prove)).toMatchObject({ code: 'no-prover', message: expect.stringContaining('this host is one of a control plane') as string });
});

test('a proof at once is made where this host allows it, and else nothing is taken either', async () => {
  context = { ...context, findDatastore: async () => ({ ok: true, datastore: { kind: 'sqlite', server: '/nowhere', version: 'x' } }), mayProve: async () => ({ may: false, reason: 'this host is one of a control plane' }) };
  expect(await ordered({ kind: 'take', cluster: 'prod', recipients: [], prove: true })).toMatchObject({ code: 'no-prover', message: expect.stringContaining('no snapshot was taken') as string });
});
