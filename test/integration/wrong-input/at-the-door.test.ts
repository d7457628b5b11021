// What a person sees who brings a wrong token, hash, certificate, plan or data folder, and that nothing changed. Who is
// refused, and why, is proved in test/integration/trust; with real hosts it is looked at in test/fleet/wrong-input.fleet.test.ts.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { serveSession, type SessionHost } from '../../../agent/link/session.ts';
import { systemClock } from '../../../shared/ports/system-clock.ts';
import { runFarrier } from '../../support/cli-run.ts';
import { lineLogger } from '../../support/line-logger.ts';
import { runProgramText, type ProgramText } from '../../support/run-program-text.ts';
import { RunningCoordinator } from '../../support/running-coordinator.ts';
import { filesOf, storedIn } from '../../support/unchanged.ts';

interface Token {
  readonly token: string;
  readonly caHash: string;
  readonly enrollAddress: string;
}

const FIVE_MISTAKES = `apiVersion: farrier/v1
kind: Plan
metadata: { name: five }
spec:
  maxUnavailable: 0
  maxFailures: many
  onFailure: panic
  steps:
    - packages: { install: { hello: "2.0" }, sources: [local], conffiles: burn }
    - servise: { restart: hello.service }
`;

/** A session that never gets to anything. */
const NOBODY: SessionHost = {
  hello: () => ({}),
  opened: () => undefined,
  heartbeat: () => ({}),
  journal: () => ({ journalId: '', records: [] }),
  onJournalGrowth: () => () => undefined,
  onFactsChange: () => () => undefined,
  received: async () => undefined,
};

const log = lineLogger();
let coordinator: RunningCoordinator;
let folder: string;

beforeAll(async () => {
  coordinator = await RunningCoordinator.start(log.logger);
  folder = mkdtempSync(join(tmpdir(), 'farrier-wrong-'));
  mkdirSync(join(folder, 'etc'));
  expect((await enroll('web1', await token())).exitCode).toBe(0);
  expect((await farrier('operator', 'create', 'ann', '--role', 'operator', '--out', join(folder, 'ann.json'))).exitCode).toBe(0);
}, 60_000);

afterAll(async () => {
  await coordinator.destroy();
  rmSync(folder, { recursive: true });
});

async function farrier(...argv: readonly string[]): Promise<ProgramText> {
  const way = argv.includes('--operator') ? [] : ['--socket', coordinator.settings.adminSocket];
  const { exitCode, stdout, stderr } = await runFarrier([...argv, ...way], { clock: systemClock });
  return { exitCode, stdout: stdout.join('\n'), stderr: stderr.join('\n') };
}

async function token(...flags: readonly string[]): Promise<Token> {
  const { stdout } = await farrier('token', 'create', '--json', ...flags);
  return JSON.parse(stdout) as Token;
}

function stateDir(node: string): string {
  return join(folder, node);
}

async function agent(verb: string, node: string, ...flags: readonly string[]): Promise<ProgramText> {
  return await runProgramText('agent/main.ts', [verb, '--config-dir', join(folder, 'etc'), '--state-dir', stateDir(node), ...flags]);
}

async function enroll(node: string, { token: text, caHash, enrollAddress }: Token, ...flags: readonly string[]): Promise<ProgramText> {
  return await agent('enroll', node, '--coordinator', enrollAddress, '--token', text, '--ca-hash', caHash, '--name', node, ...flags);
}

/** One line a text stands on; what differs from run to run is named. */
function plain(text: string): string {
  return text
    .replaceAll(folder, 'FOLDER')
    .replaceAll(coordinator.dataFolder, 'COORDINATOR')
    .replaceAll(coordinator.settings.listen.split(':')[1] ?? '', '7443')
    .replaceAll(coordinator.settings.enrollListen.split(':')[1] ?? '', '7444')
    .replaceAll(String(process.pid), 'PID')
    .replaceAll(/sha256:(?!0{64})[0-9a-f]{64}/g, 'sha256:SHOWN')
    .replaceAll(/\b[0-9a-f]{12}\b/g, 'TOKEN')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'WHEN');
}

async function latestAudit(): Promise<string> {
  const { stdout } = await farrier('audit', '--last', '1', '--json');
  const [entry] = (JSON.parse(stdout) as { entries: readonly Record<string, string>[] }).entries;
  return plain(`${entry?.['who'] ?? ''} ${entry?.['action'] ?? ''} ${entry?.['object'] ?? ''}: ${entry?.['result'] ?? ''}`);
}

/** Runs it, and finds store, identities and plans as they were. */
async function refused(work: () => Promise<ProgramText>, unread: readonly string[] = []): Promise<{ readonly said: string; readonly exitCode: number | null }> {
  // The key is kept for the next attempt, so that it is the same one to the coordinator.
  const files = () => Object.fromEntries(Object.entries(filesOf(folder, unread)).filter(([path]) => !path.endsWith('/enrolling.key')));
  const before = { store: storedIn(coordinator.settings.dataFolder), files: files() };
  const { exitCode, stdout, stderr } = await work();
  expect({ store: storedIn(coordinator.settings.dataFolder), files: files() }).toEqual(before);
  return { said: plain(`${stdout}${stderr}`).trim(), exitCode };
}

test('an expired token', async () => {
  const made = await token('--ttl', '1s');
  await systemClock.sleep(1_100);
  expect(await refused(() => enroll('web2', made))).toEqual({
    said: 'farrier-agent: the coordinator refuses: token TOKEN expired at WHEN; an operator makes a new one with `farrier token create` (token-expired)',
    exitCode: 1,
  });
  expect(await latestAudit()).toBe('token/TOKEN enroll node/web2: refused: token-expired');
});

test('a used-up token', async () => {
  const made = await token();
  expect((await enroll('web3', made)).exitCode).toBe(0);
  expect(await refused(() => enroll('web4', made))).toEqual({
    said: 'farrier-agent: the coordinator refuses: token TOKEN was good for 1 use and has had them; an operator makes a new one with `farrier token create` (token-used-up)',
    exitCode: 1,
  });
  expect(await latestAudit()).toBe('token/TOKEN enroll node/web4: refused: token-used-up');
});

test('a token that was copied wrongly, or not whole, and one for other names', async () => {
  const made = await token('--names', 'edge-*');
  expect(await refused(() => enroll('web5', { ...made, token: made.token.replace(/.$/, (last) => (last === '0' ? '1' : '0')) }))).toEqual({
    said: 'farrier-agent: the coordinator refuses: no token TOKEN with this secret is known here; an operator makes a new one with `farrier token create` (token-unknown)',
    exitCode: 1,
  });
  expect(await refused(() => enroll('web5', { ...made, token: made.token.slice(0, 20) }))).toEqual({
    said: 'farrier-agent: the coordinator refuses: the token is not of the form <12 hex digits>.<40 hex digits>; copy the whole of it (token-malformed)',
    exitCode: 1,
  });
  expect(await refused(() => enroll('web5', made))).toEqual({
    said: 'farrier-agent: the coordinator refuses: token TOKEN is for nodes named edge-*, not for web5; enroll with --name, or ask for another token (token-name-mismatch)',
    exitCode: 1,
  });
});

test('a wrong CA hash, well formed and not', async () => {
  const made = await token();
  expect(await refused(() => enroll('web6', { ...made, caHash: `sha256:${'0'.repeat(64)}` }))).toEqual({
    said: `farrier-agent: localhost:7444 shows a CA with the hash sha256:SHOWN, expected was sha256:${'0'.repeat(64)}. Either the hash was copied wrongly (\`farrier token create\` prints it), or something stands between this host and the coordinator. Nothing was sent`,
    exitCode: 1,
  });
  expect(await refused(() => enroll('web6', { ...made, caHash: 'sha256:abc' }))).toEqual({
    said: 'farrier-agent: the CA hash is sha256: and 64 hex digits, as `farrier token create` prints it, not "sha256:abc"',
    exitCode: 1,
  });
  expect((await enroll('web6', made)).exitCode).toBe(0);
});

test("the port of agents and operators in the enrolling hosts' place, and the other way round", async () => {
  const made = await token();
  const { listen, enrollListen } = coordinator.settings;
  const [agents, hosts] = [listen, enrollListen].map((address) => address.replace('127.0.0.1', 'localhost'));
  expect(await refused(() => enroll('web9', { ...made, enrollAddress: agents ?? '' }))).toEqual({
    said: 'farrier-agent: localhost:7443 asks for a certificate: agents and operators use that port, hosts enroll at another one. They are 7443 and 7444 unless configured otherwise; `farrier token create` prints the right one',
    exitCode: 1,
  });
  expect(await refused(() => farrier('node', 'ls', '--operator', join(folder, 'ann.json'), '--server', hosts ?? ''))).toEqual({
    said: `farrier: the coordinator at localhost:7444 does not know this command: hosts enroll there, or it is older than this program
  remedy: operators use another port than enrolling hosts, 7443 and 7444 unless configured otherwise (the operator file names localhost:7443); if the port is right, upgrade the coordinator first`,
    exitCode: 1,
  });
  const [caPem, keyPem, certificatePem] = ['ca.pem', 'key.pem', 'cert.pem'].map((name) => readFileSync(join(stateDir('web1'), 'identity', name)));
  if (caPem === undefined || keyPem === undefined || certificatePem === undefined) throw new Error('web1 has no identity');
  const ended = await serveSession({ address: hosts ?? '', caPem, keyPem, certificatePem }, NOBODY, AbortSignal.timeout(20_000));
  expect(plain(`${ended.why}; ${ended.remedy}`)).toBe('localhost:7444 serves no agents: hosts enroll there; agents use another port than enrolling hosts, 7443 and 7444 unless configured otherwise; mend `coordinator` in agent.yaml');
});

test('a token file that is not there', async () => {
  const { caHash, enrollAddress } = await token();
  expect(await refused(() => agent('enroll', 'web9', '--coordinator', enrollAddress, '--token-file', '/nope', '--ca-hash', caHash))).toEqual({
    said: 'farrier-agent: --token-file /nope cannot be read: ENOENT; write what `farrier token create` prints into it',
    exitCode: 1,
  });
});

test('a name that another host has: it is told that it has to be approved', async () => {
  const made = await token();
  expect(plain((await agent('enroll', 'twin', '--coordinator', made.enrollAddress, '--token', made.token, '--ca-hash', made.caHash, '--name', 'web1')).stdout).trim()).toBe(
    'enrolled as web1 in fleet test, where another host has that name: this one gets no session before an operator says farrier node approve web1; next: systemctl start farrier-agent',
  );
});

test('a disk with no room for the identity', async () => {
  const made = await token();
  mkdirSync(stateDir('web8'));
  symlinkSync('/dev/full', join(stateDir('web8'), 'enrolling.key.new'));
  const { said, exitCode } = await refused(() => enroll('web8', made), ['web8']);
  expect({ said, exitCode }).toEqual({
    said: "farrier-agent: no room left on this host's disk (ENOSPC: no space left on device, write); free space and run it again",
    exitCode: 1,
  });
  rmSync(join(stateDir('web8'), 'enrolling.key.new'));
  expect((await enroll('web8', made)).exitCode).toBe(0);
});

test('a host that is enrolled already', async () => {
  const made = await token();
  expect(await refused(() => enroll('web1', made))).toEqual({
    said: 'farrier-agent: this host has an identity already (FOLDER/web1/identity); `farrier-agent status` shows it, --force replaces it',
    exitCode: 1,
  });
});

test("a node's certificate in an operator's place", async () => {
  const [key, certificate] = ['key.pem', 'cert.pem'].map((name) => readFileSync(join(stateDir('web1'), 'identity', name), 'utf8'));
  const file = join(folder, 'stolen.json');
  const ann = JSON.parse(readFileSync(join(folder, 'ann.json'), 'utf8')) as object;
  writeFileSync(file, JSON.stringify({ ...ann, privateKeyPem: key, certificatePem: certificate }), { mode: 0o600 });
  expect(await refused(() => farrier('node', 'ls', '--operator', file))).toMatchInlineSnapshot(`
    {
      "exitCode": 3,
      "said": "farrier: the coordinator at localhost:7443 does not accept this operator: this is the certificate of node web1 of fleet test; here only the certificate of an operator is taken: an admin issues one: farrier operator create
      remedy: ask an admin for another file: farrier operator create NAME --role ROLE --out FILE",
    }
  `);
  expect(await latestAudit()).toBe('node/web1 authenticate Fleet/ListNodes: refused: wrong-kind');
});

test("an operator's certificate in a node's place", async () => {
  const { privateKeyPem, certificatePem } = JSON.parse(readFileSync(join(folder, 'ann.json'), 'utf8')) as Record<string, string>;
  expect((await enroll('web7', await token())).exitCode).toBe(0);
  writeFileSync(join(stateDir('web7'), 'identity', 'key.pem'), privateKeyPem ?? '');
  writeFileSync(join(stateDir('web7'), 'identity', 'cert.pem'), certificatePem ?? '');
  expect(await refused(() => agent('run', 'web7'))).toEqual({
    said: 'farrier-agent: FOLDER/web7/identity is damaged: cert.pem names another node than identity.json; enroll again: farrier-agent enroll --force',
    exitCode: 1,
  });
});

test("an operator's certificate shown to the agents' door by other means", async () => {
  const { privateKeyPem, certificatePem, caPem } = JSON.parse(readFileSync(join(folder, 'ann.json'), 'utf8')) as Record<string, string>;
  const [key, certificate, ca] = [privateKeyPem, certificatePem, caPem].map((pem) => Buffer.from(pem ?? ''));
  if (key === undefined || certificate === undefined || ca === undefined) throw new Error('ann has no file');
  const target = { address: `localhost:${coordinator.settings.listen.split(':')[1] ?? ''}`, caPem: ca, keyPem: key, certificatePem: certificate };
  expect(await serveSession(target, NOBODY, AbortSignal.timeout(20_000))).toEqual({
    why: 'this is the certificate of operator ann (operator) of fleet test',
    remedy: 'here only the certificate of a node is taken: enroll the host again: farrier-agent enroll --force',
    retryAfterMs: 0,
  });
  expect(await latestAudit()).toBe('ann authenticate AgentLink/Session: refused: wrong-kind');
});

test('a plan with five mistakes', async () => {
  const file = join(folder, 'five.yaml');
  writeFileSync(file, FIVE_MISTAKES);
  const check = await refused(() => farrier('plan', 'check', file));
  expect(check).toMatchInlineSnapshot(`
    {
      "exitCode": 1,
      "said": "FOLDER/five.yaml:5:19 spec.maxUnavailable: is 0; it has to be a whole number of nodes, as 2, or a percentage, as 40%
    FOLDER/five.yaml:6:16 spec.maxFailures: is "many"; it has to be a whole number from 0 to 1000000
    FOLDER/five.yaml:7:14 spec.onFailure: is "panic"; it has to be "pause" or "rollback"
    FOLDER/five.yaml:9:7 warning spec.steps[0]: nothing proves that what these packages run still works; add a step \`service: { restart: UNIT }\` after it
    FOLDER/five.yaml:9:75 spec.steps[0].packages.conffiles: is "burn"; it has to be "keep" or "replace"
    FOLDER/five.yaml:10:7 spec.steps[1].servise: "servise" is not known here; did you mean "service"? the known keys are name, packages, service, files, sysctl, modules, hook, reboot, kubeadm, kubelet, kubeadmCerts, kubeletConfig, k3s, agent, containerd, images, criProbe, kubeletRuntime, k3sRuntimes, etcdUpgrade, etcdDefragment, etcdDisarm
    5 mistakes, 1 warning",
    }
  `);
  expect(await refused(() => farrier('rollout', 'start', file))).toEqual(check);
});

test('a second coordinator on the same data folder', async () => {
  const { dataFolder, fleet } = coordinator.settings;
  const second = await refused(() => runProgramText('coordinator/main.ts', ['run', '--config-dir', join(folder, 'etc'), '--fleet', fleet, '--data-folder', dataFolder]));
  expect(second).toMatchInlineSnapshot(`
    {
      "exitCode": 1,
      "said": "farrier-coordinator: the coordinator with pid PID is running on the data folder COORDINATOR/data; nothing was changed
      remedy: stop pid PID, or give this one a data folder of its own",
    }
  `);
  expect((await farrier('node', 'ls')).exitCode).toBe(0);
});

test('there was something that could have changed', () => {
  expect(Object.keys(filesOf(folder)).length).toBeGreaterThan(10);
  expect(storedIn(coordinator.settings.dataFolder).records).toHaveProperty('length');
});
