// A session ends with the right to have it: removed, superseded, revoked, expired. What the agent's log says then.
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { enroll } from '../../../agent/identity/enroll.ts';
import { loadIdentity } from '../../../agent/identity/load-identity.ts';
import { issueIdentityCertificate } from '../../../coordinator/trust/certificate-authority.ts';
import { newSerial } from '../../../coordinator/trust/new-serial.ts';
import { openKeys } from '../../../coordinator/trust/open-keys.ts';
import { systemClock } from '../../../shared/ports/system-clock.ts';
import { systemRandom } from '../../../shared/ports/system-random.ts';
import { identityOfPeerCertificate } from '../../../shared/trust/peer-identity.ts';
import type { CreateTokenResponse__Output } from '../../../shared/wire/messages.ts';
import { call } from '../../support/call.ts';
import { runFarrier } from '../../support/cli-run.ts';
import { runProgramText, type ProgramText } from '../../support/run-program-text.ts';
import { RunningCoordinator } from '../../support/running-coordinator.ts';

const DAY_MS = 86_400_000;
const MACHINES = ['a', 'b'].map((digit) => digit.repeat(32));
let coordinator: RunningCoordinator;
let folder: string;

beforeAll(async () => {
  coordinator = await RunningCoordinator.start();
  folder = mkdtempSync(join(tmpdir(), 'farrier-sessions-'));
  mkdirSync(join(folder, 'etc'));
});

afterAll(async () => {
  await coordinator.destroy();
  rmSync(folder, { recursive: true });
});

/** Enrolls into a state folder of its own. */
async function enrolled(name: string, place = name, machineId = MACHINES[0] ?? ''): Promise<string> {
  const stateDir = join(folder, place);
  const token = await call<CreateTokenResponse__Output>((done) => coordinator.admin.CreateToken({}, done));
  const result = await enroll({ ...token, name, machineId, stateDir, force: false, clock: systemClock }, AbortSignal.timeout(20_000));
  expect(result).toMatchObject({ ok: true });
  return stateDir;
}

/** Runs `farrier-agent run` until its log has this; `meanwhile` is called once, when it has `first`. */
async function runAgent(stateDir: string, last: string, first?: string, meanwhile?: () => Promise<unknown>): Promise<readonly Record<string, unknown>[]> {
  let pending = meanwhile;
  const { stderr } = await runProgramText('agent/main.ts', ['run', '--config-dir', join(folder, 'etc'), '--state-dir', stateDir], async (said) => {
    for (let look = 0; look < 800 && !said().includes(last); look += 1) {
      if (pending !== undefined && first !== undefined && said().includes(first)) {
        const now = pending;
        pending = undefined;
        await now();
      }
      await systemClock.sleep(25);
    }
  });
  return stderr.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Cause and remedy of each session that did not come about or ended. */
function whys(lines: readonly Record<string, unknown>[]): readonly string[] {
  return lines.filter(({ message }) => message === 'link is down').map(({ why, remedy }) => `${String(why)}; ${String(remedy)}`.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'WHEN').replaceAll(/:\d{4,5}\b/g, ':PORT'));
}

async function agent(verb: string, stateDir: string, ...flags: readonly string[]): Promise<ProgramText> {
  return await runProgramText('agent/main.ts', [verb, '--config-dir', join(folder, 'etc'), '--state-dir', stateDir, ...flags]);
}

/** What doctor finds of the link; the other checks are about the machine that runs this. */
async function coordinatorCheck(stateDir: string): Promise<unknown> {
  const { stdout } = await agent('doctor', stateDir, '--json');
  const found = (JSON.parse(stdout) as readonly { readonly name: string }[]).find(({ name }) => name === 'coordinator');
  const { name: _name, ...finding } = found ?? { name: '' };
  return finding;
}

async function farrier(...argv: readonly string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await runFarrier([...argv, '--socket', coordinator.settings.adminSocket], { clock: systemClock });
  expect(stderr).toEqual([]);
  expect(exitCode).toBe(0);
  return stdout.join('\n');
}

test('a node that is removed while its session is open', async () => {
  const stateDir = await enrolled('gone');
  const lines = await runAgent(stateDir, 'link is down', 'session open', () => farrier('node', 'remove', 'gone', '--why', 'sold'));
  expect(whys(lines)).toEqual(['the coordinator said: this node was removed from the fleet; to come back, farrier-agent enroll --force with a new token']);
  expect(whys(await runAgent(stateDir, 'link is down'))).toEqual([
    'the certificate of node gone of fleet test was revoked by farrier node remove at WHEN (sold); enroll the host again: farrier-agent enroll --force',
  ]);
  expect(await farrier('audit', '--last', '5')).toMatch(/node\/gone +node +authenticate +AgentLink\/Session +refused: certificate-revoked/);
}, 90_000);

test('a host that takes a name waits, its owner goes on; rejected, nothing has changed; approved, the one before is out', async () => {
  const owner = await enrolled('web1', 'owner', MACHINES[0]);
  const other = await enrolled('web1', 'other', MACHINES[1]);
  expect(await farrier('node', 'show', 'web1')).toMatch(new RegExp(`approval +another host, machine id ${MACHINES[1] ?? ''}, waits for .*: farrier node approve web1, or with --reject`));
  expect(await farrier('why', 'web1')).toContain(`it has the machine id ${MACHINES[1] ?? ''}`);
  expect(whys(await runAgent(other, 'link is down'))).toEqual(['node web1 was enrolled before, and no operator has let this host take its place; an operator can: farrier node approve web1']);

  expect(await coordinatorCheck(other)).toEqual({ status: 'failed', detail: expect.stringMatching(/answers, and has given no session since .*: node web1 was enrolled before/), remedy: 'an operator can: farrier node approve web1' });
  expect((await agent('status', other)).stdout).toMatch(/^link +none since .*: node web1 was enrolled before.*\nremedy +an operator can: farrier node approve web1$/m);

  const waiting = readFileSync(join(other, 'identity', 'cert.pem'), 'utf8');
  expect(await farrier('node', 'approve', 'web1', '--reject')).toContain('is turned away');
  expect(await farrier('node', 'show', 'web1')).not.toContain('approval');
  expect(whys(await runAgent(other, 'link is down'))).toEqual([`another host (machine id ${MACHINES[0] ?? ''}) is node web1 now; if this one shall be it, enroll the host again: farrier-agent enroll --force`]);
  expect(readFileSync(join(other, 'identity', 'cert.pem'), 'utf8')).toBe(waiting);

  await enrolled('web1', 'third', MACHINES[1]);
  const lines = await runAgent(owner, 'link is down', 'session open', () => farrier('node', 'approve', 'web1'));
  expect(await coordinatorCheck(owner)).toMatchObject({ status: 'failed', remedy: 'if this one shall be it, farrier-agent enroll --force' });
  expect(whys(lines)).toEqual(['the coordinator said: another host was approved under this name; if this one shall be it, farrier-agent enroll --force']);
  expect(whys(await runAgent(owner, 'link is down'))).toEqual([
    `another host (machine id ${MACHINES[1] ?? ''}) is node web1 now; if this one shall be it, enroll the host again: farrier-agent enroll --force`,
  ]);
}, 120_000);

/** The same host's certificate, but over for ten days. */
async function expire(stateDir: string): Promise<void> {
  const loaded = await loadIdentity(stateDir);
  const opened = await openKeys(coordinator.settings.dataFolder, { fleet: 'test', serverNames: ['localhost'], clock: systemClock, random: systemRandom });
  if (!loaded.ok || !opened.ok) throw new Error('no identity or no keys');
  const peer = identityOfPeerCertificate(new X509Certificate(loaded.identity.certificatePem));
  if (!peer.ok) throw new Error(peer.message);
  const { identity, enrollment } = peer.facts;
  const publicKey = createPublicKey(createPrivateKey(loaded.identity.keyPem));
  const order = { serial: newSerial(systemRandom), publicKey, notBeforeUnixMs: Date.now() - 40 * DAY_MS, notAfterUnixMs: Date.now() - 10 * DAY_MS };
  writeFileSync(join(stateDir, 'identity', 'cert.pem'), await issueIdentityCertificate(opened.keys.ca, identity, enrollment, order));
}

test('a certificate that has expired is renewed before the coordinator is dialled', async () => {
  const stateDir = await enrolled('late');
  await expire(stateDir);
  const lines = await runAgent(stateDir, 'session open');
  expect(await coordinatorCheck(stateDir)).toMatchObject({ status: 'ok' });
  const messages = lines.map(({ message }) => message);
  expect(messages).toEqual(['agent runs', 'the certificate of this host has expired; it is renewed before the coordinator is dialled', 'certificate renewed', 'session open']);
  expect(await farrier('audit', '--last', '1')).toMatch(/node\/late +node +renew +node\/late +serial [0-9a-f]+, 10 days after expiry/);
}, 60_000);

test('where it cannot be renewed, the log says so and not what TLS says', async () => {
  const stateDir = await enrolled('later');
  await expire(stateDir);
  const before = readFileSync(join(stateDir, 'identity', 'cert.pem'), 'utf8');
  writeFileSync(join(folder, 'etc', 'agent.yaml'), 'enrollment: localhost:1\n');
  try {
    const [why] = whys(await runAgent(stateDir, 'link is down'));
    expect(why).toMatch(/^the certificate of this host expired at WHEN and was not renewed: localhost:1 cannot be reached: .*; check the network and that farrier-coordinator runs there; it is tried again .*$/);
    expect(readFileSync(join(stateDir, 'identity', 'cert.pem'), 'utf8')).toBe(before);
  } finally {
    rmSync(join(folder, 'etc', 'agent.yaml'));
  }
}, 60_000);
